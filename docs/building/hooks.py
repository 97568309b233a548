"""Adds the pages that are made from the packages, and the navigation, when MkDocs builds the site."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # mkdocs itself does not look there

from docs.building import pages
from tools import workspace

WORKSPACE = workspace.load()


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
