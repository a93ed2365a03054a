"""Tell all stories anew, and keep the texts: ``python -m gdviz.stories``."""

import json

from gdviz.stories import all_stories
from gdviz.stories.story import TOLD

if __name__ == "__main__":
    texts = {story.name: story.tell(story.setup) for story in all_stories().values()}
    TOLD.write_text(json.dumps(texts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
