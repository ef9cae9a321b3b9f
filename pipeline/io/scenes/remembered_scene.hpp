#pragma once
// A scene as its item told it before. Used inside this folder only.

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// All of a listed scene whose item lies at `path`; nothing for one that depends on what lies where (a name with an
/// escape, which may be meant as it is written or not).
std::optional<std::string> packed_scene(const ListedScene& listed, const std::string& path);

/// The scene again. Whether the names of its files lead out of the item's folder is looked at anew: links may have
/// been put there since. Nothing where they do, or where the text is no such scene.
std::optional<ListedScene> unpacked_scene(std::string_view text, const std::string& path);

}  // namespace pitwatch
