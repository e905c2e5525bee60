"""Draws the curves of a run with ImPlot, for the comparison in docs/viewer.md.

  xvfb-run -s '-screen 0 1280x800x24' python bench/implot_run.py RUN PICTURE.png

Needs a Python with imgui-bundle and Pillow. Each quantity is one plot with ImPlot's defaults,
except that the legend is outside the plot, where it hides no curve.
"""
import argparse
import json
import pathlib

import numpy
from imgui_bundle import hello_imgui, imgui, immapp, implot
from PIL import Image

LEFT_OUT = {"epoch", "step", "time", "series", "train_seconds", "probe_seconds"}
FRAMES = 30  # until fonts, axes and legends have settled


def read_curves(run):
    """quantity -> curve -> (epochs, values), for the numbers logged in each epoch."""
    curves = {}
    for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        series = event.get("series", "")
        for key, value in event.items():
            values = value if isinstance(value, dict) else {"": value}
            for name, number in values.items():
                if key in LEFT_OUT or not isinstance(number, (int, float)) or "epoch" not in event:
                    continue
                curve = f"{series}: {name}" if name else series
                points = curves.setdefault(key, {}).setdefault(curve, ([], []))
                points[0].append(event["epoch"])
                points[1].append(number)
    return curves


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    options = parser.parse_args()
    curves = read_curves(options.run)
    frame = 0

    def draw():
        nonlocal frame
        frame += 1
        space = imgui.get_content_region_avail()
        columns = 1 if len(curves) == 1 else 2
        rows = -(-len(curves) // columns)
        size = (space.x / columns - 8, space.y / rows - 8)
        for i, (quantity, lines) in enumerate(curves.items()):
            if i % columns != 0:
                imgui.same_line()
            if implot.begin_plot(quantity, size):
                implot.setup_axes("epoch", "", implot.AxisFlags_.auto_fit,
                                  implot.AxisFlags_.auto_fit)
                implot.setup_legend(implot.Location_.east, implot.LegendFlags_.outside)
                for name, (x, y) in lines.items():
                    implot.plot_line(name, numpy.array(x, float), numpy.array(y, float))
                implot.end_plot()
        if frame == FRAMES:
            hello_imgui.get_runner_params().app_shall_exit = True

    immapp.run(draw, window_title="ImPlot", window_size=(1280, 800), with_implot=True)
    Image.fromarray(hello_imgui.final_app_window_screenshot()).save(options.picture)


if __name__ == "__main__":
    main()
