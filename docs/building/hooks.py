"""Adds the pages that are made from the packages, and the navigation, when MkDocs builds the site."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # mkdocs itself does not look there

from docs.building import indexes, llms, pages
from tools import workspace

WORKSPACE = workspace.load()
ORDER: list[str] = []  # of the pages of this build
TEXTS: dict[str, llms.Text] = {}  # by path


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List what there is: a new wheel, or a new page of one, needs no other entry."""
    config.nav = pages.navigation(WORKSPACE, Path(config.docs_dir))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated, in memory: the folder of written pages stays as it is."""
    for path, text in pages.generated(WORKSPACE).items():
        files.append(File.generated(config, path, content=text))
    for path, source in pages.copied(WORKSPACE).items():
        files.append(File.generated(config, path, abs_src_path=str(source)))
    return files


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Remember the order of the menu, in which `llms.txt` lists the pages."""
    ORDER[:] = [page.file.src_uri for page in nav.pages]
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Fill in the indexes, and keep the text."""
    text = indexes.fill(markdown, WORKSPACE, Path(config.docs_dir))
    *__, section = (page.title, *(each.title for each in page.ancestors))
    is_written = page.file.generated_by is None
    if page.file.src_uri.startswith(("benchmarks", "changelogs/")):
        page.meta.setdefault(
            "search", {"boost": 0.3}
        )  # every name is in there, and nothing about it
    TEXTS[page.file.src_uri] = llms.Text(str(section), page.url, text, is_written)
    return text


def on_post_build(config: MkDocsConfig) -> None:
    """Write what language models read beside the pages."""
    site, texts = Path(config.site_dir), [TEXTS[path] for path in ORDER]
    index = llms.index(config.site_name, config.site_description or "", texts)
    site.joinpath("llms.txt").write_text(index, "utf-8")
    site.joinpath("llms-full.txt").write_text(llms.full(texts), "utf-8")
