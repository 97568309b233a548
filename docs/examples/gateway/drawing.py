"""What the lanes of the plot have in common."""

from __future__ import annotations

from matplotlib.axes import Axes


def legend(axes: Axes, *, shades: bool = True) -> None:
    """Say beside *axes* what is what; without the shades if another one has said it already."""
    shown = [
        (handle, label)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        if shades or " is " not in label
    ]
    if shown:
        handles, labels = zip(*shown, strict=True)
        axes.legend(
            handles,
            labels,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
            frameon=False,
            fontsize=9,
        )
