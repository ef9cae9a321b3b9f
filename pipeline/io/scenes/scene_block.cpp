#include "pipeline/io/scenes/scene_block.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/packed_text.hpp"
#include "pipeline/io/scenes/remembered_scene.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr int block_format = 1;
constexpr std::size_t most_scenes = 100'000;

/// Whether a path lies below a folder by its name.
bool is_below(const std::string& path, const std::string& folder) {
  const fs::path relative = fs::path(path).lexically_normal().lexically_relative(fs::path(folder).lexically_normal());
  return !relative.empty() && *relative.begin() != ".." && relative != ".";
}

/// Whether the scene is of an item below the source whose files all lie below the item's own folder.
bool is_local(const ListedScene& listed, const std::string& source) {
  const std::string& item = listed.scene.source;
  if (item.empty() || item.front() != '/' || !is_below(item, source)) return false;
  const std::string folder = fs::path(item).parent_path().string();
  return std::all_of(listed.scene.bands.begin(), listed.scene.bands.end(),
                     [&](const auto& band) { return is_below(band.second.path, folder); });
}

}  // namespace

std::optional<std::string> packed_scenes(std::span<const ListedScene* const> scenes, const std::string& source) {
  Packer packer;
  packer.add(block_format);
  packer.add(std::uint64_t{scenes.size()});
  for (const ListedScene* const listed : scenes) {
    if (!is_local(*listed, source)) return std::nullopt;
    const std::optional<std::string> packed = packed_scene(*listed, listed->scene.source);
    if (!packed) return std::nullopt;
    packer.add(listed->scene.source);
    packer.add(*packed);
  }
  return packer.take();
}

std::optional<std::vector<ListedScene>> unpacked_scenes(std::string_view text, const std::string& source) {
  try {
    Unpacker unpacker(text);
    int format = 0;
    unpacker.get(format);
    if (format != block_format) return std::nullopt;
    std::vector<ListedScene> scenes;
    std::size_t left = unpacker.count();
    if (left > most_scenes) return std::nullopt;
    for (; left > 0; --left) {
      const std::string item(unpacker.text());
      std::optional<ListedScene> listed = unpacked_scene(unpacker.text(), item);
      if (!listed || !is_local(*listed, source)) return std::nullopt;
      scenes.push_back(*std::move(listed));
    }
    return unpacker.at_end() ? std::optional(std::move(scenes)) : std::nullopt;
  } catch (const DataError&) {
    return std::nullopt;
  }
}

}  // namespace pitwatch
