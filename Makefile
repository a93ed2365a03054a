# `make run` starts the app, `make test` runs all tests; both set up what they need, once, in .venv.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run serve site test quick lint benchmark clean

run: .venv/installed
	$(BIN)/streamlit run app.py --server.port 8501

# Several processes behind one address, for many visitors; needs nginx. README.md says more.
PROCESSES ?= $(shell nproc 2>/dev/null || echo 2)
PORT ?= 8501
serve: .venv/installed
	$(BIN)/python deploy/serve.py --processes $(PROCESSES) --port $(PORT)

# The static site, for any web server: `make site OUT=folder`.
OUT ?= build/site
site: .venv/installed
	$(BIN)/python -m gdviz.site $(OUT)

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal

# What needs no browser, no TensorFlow and no page.
quick: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not browser and not page and not tensorflow"

benchmark: .venv/installed-dev
	$(BIN)/python -m benchmarks.descend
	$(BIN)/python -m benchmarks.sweep

clean:
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "gdviz needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 run"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python requirements.txt
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@
