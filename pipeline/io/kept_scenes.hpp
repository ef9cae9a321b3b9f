#pragma once
#include <span>
#include <string>
#include <vector>
#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/scene_source.hpp"
namespace pitwatch {
Scene keep_scene(const Scene& scene, std::span<const Grid> ground, std::span<const Band> bands, const std::string& folder);
std::vector<Scene> kept_scenes(const std::string& folder, std::vector<RejectedItem>& damaged);
void remove_kept_scenes(const std::string& folder);
}
