#include "pipeline/core/raster_layer.hpp"

#include "pipeline/core/text.hpp"

namespace pitwatch {

std::string text_of(const RasterLayer& layer) {
  if (layer == RasterLayer{}) return {};
  std::string text = "#" + std::to_string(layer.number) + ":" + std::to_string(static_cast<int>(layer.coding));
  text += ":" + shortest_text(layer.scale) + ":" + shortest_text(layer.offset) + ":";
  if (layer.nodata) text += shortest_text(*layer.nodata);
  return text + ":" + layer.beside;
}

}  // namespace pitwatch
