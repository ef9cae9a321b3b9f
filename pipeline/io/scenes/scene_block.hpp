#pragma once
// Scenes of a listing on their way to another process of the same version, which reads them without listing the source.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// The scenes as bytes. Nothing where one of them is not of an item below `source`, a folder, with its files beside it:
/// what lies elsewhere is for a listing to look at.
std::optional<std::string> packed_scenes(std::span<const ListedScene* const> scenes, const std::string& source);

/// The scenes again, in the same order. The bytes may hold anything: every file is looked for below the folder of its
/// item, and every item below `source`. Nothing where one is not there, or where another version wrote them.
std::optional<std::vector<ListedScene>> unpacked_scenes(std::string_view text, const std::string& source);

}  // namespace pitwatch
