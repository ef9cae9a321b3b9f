#include "pipeline/io/kept_scenes.hpp"
namespace pitwatch {
Scene keep_scene(const Scene& s, std::span<const Grid>, std::span<const Band>, const std::string&) { return s; }
std::vector<Scene> kept_scenes(const std::string&, std::vector<RejectedItem>&) { return {}; }
void remove_kept_scenes(const std::string&) {}
}
