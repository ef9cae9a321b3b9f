#include "pipeline/io/scene_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/io/stac_item.hpp"

namespace pitwatch {
namespace {

struct SceneReader {
  std::string_view name;
  bool (*accepts)(const std::string& reference);  // by its form and by what lies there; must not throw
  Scene (*read)(const std::string& reference);
};

bool is_local_json(const std::string& reference) {
  std::string extension = std::filesystem::path(reference).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return (extension == ".json" || extension == ".geojson") && reference.find("://") == std::string::npos;
}

/// Every packaging of a scene that can be read. The first reader that accepts a reference reads it.
constexpr std::array<SceneReader, 1> readers{{
    {"STAC item (.json)", is_local_json, read_stac_item},
}};

std::string reader_names() {
  std::string names;
  for (const SceneReader& reader : readers) {
    if (!names.empty()) names += ", ";
    names += reader.name;
  }
  return names;
}

}  // namespace

Scene read_scene(const std::string& reference) {
  for (const SceneReader& reader : readers) {
    if (reader.accepts(reference)) return reader.read(reference);
  }
  throw DataError(reference + ": not a scene that can be read; known: " + reader_names());
}

}  // namespace pitwatch
