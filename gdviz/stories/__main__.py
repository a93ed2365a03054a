"""Tell all stories anew, and keep the texts: ``python -m gdviz.stories``."""

import json

from gdviz.stories import STORIES
from gdviz.stories.story import TOLD

if __name__ == "__main__":
    texts = {story.name: story.tell(story.setup) for story in STORIES.values()}
    TOLD.write_text(json.dumps(texts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
