"""Opens a QGIS project as QGIS does, without a screen, and prints what it makes of it as JSON.

usage: qgis_project.py PROJECT.qgs STYLE.qml...
Of each layer: whether QGIS can read it, its system of coordinates, its renderer with how many of its categories hold
something, how many pixels of a picture of its whole extent are not white. Of each style, whether it loads into a layer of its kind.
"""
import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (QgsApplication, QgsMapLayerType, QgsMapRendererParallelJob, QgsMapSettings,  # noqa: E402
                       QgsProject)
from qgis.PyQt.QtCore import QSize  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402


def drawn_pixels(layer):
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(200, 200))
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(layer.extent().buffered(layer.extent().width() * 0.05))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    white = QColor("white").rgb()
    return sum(image.pixel(x, y) != white for x in range(200) for y in range(200))


def entries(renderer):
    for name in ("categories", "classes"):
        if hasattr(renderer, name):
            return len(getattr(renderer, name)())
    return 0


def main():
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    report = {"is_read": project.read(sys.argv[1]), "layers": {}, "styles": {}}
    layers = list(project.mapLayers().values())
    for layer in layers:
        renderer = layer.renderer() if layer.isValid() else None
        report["layers"][layer.name()] = {
            "is_valid": layer.isValid(),
            "crs": layer.crs().authid(),
            "renderer": renderer.type() if renderer else "",
            "entries": entries(renderer),
            "drawn_pixels": drawn_pixels(layer) if layer.isValid() else 0,
        }
    for style in sys.argv[2:]:
        is_raster = os.path.basename(style) in ("mask.qml", "score.qml")
        kind = QgsMapLayerType.RasterLayer if is_raster else QgsMapLayerType.VectorLayer
        of_kind = [layer for layer in layers if layer.type() == kind]
        report["styles"][os.path.basename(style)] = bool(of_kind) and of_kind[0].loadNamedStyle(style)[1]
    print(json.dumps(report))
    sys.stdout.flush()
    os._exit(0)  # QGIS 3.22 may crash while it takes itself apart


main()
