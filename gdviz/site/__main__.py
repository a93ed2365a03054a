"""The command line: ``python -m gdviz.site OUT``."""

import argparse
from pathlib import Path

from gdviz.site import write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gdviz.site", description="Write the static site.")
    parser.add_argument("out", type=Path, help="the folder to write into")
    parser.add_argument("--home", default="", help="where the app is, for a link to it")
    arguments = parser.parse_args()
    write(arguments.out, arguments.home)
    total = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out}: {total / 1e6:.1f} MB; open index.html through any web server")


if __name__ == "__main__":
    main()
