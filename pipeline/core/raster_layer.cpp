#include "pipeline/core/raster_layer.hpp"

#include <array>
#include <charconv>

namespace pitwatch {
namespace {

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::string(text.data(), end) : std::string();
}

}  // namespace

std::string text_of(const RasterLayer& layer) {
  if (layer == RasterLayer{}) return {};
  std::string text = "#" + std::to_string(layer.number) + ":" + std::to_string(static_cast<int>(layer.coding));
  text += ":" + shortest(layer.scale) + ":" + shortest(layer.offset) + ":";
  if (layer.nodata) text += shortest(*layer.nodata);
  return text + ":" + layer.beside;
}

}  // namespace pitwatch
