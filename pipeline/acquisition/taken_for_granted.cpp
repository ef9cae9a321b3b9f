#include "pipeline/acquisition/taken_for_granted.hpp"

#include <algorithm>

namespace pitwatch {

void TakenForGranted::add(const Scene& scene) {
  for (const std::string& text : scene.assumptions) {
    const auto is_it = [&](const auto& known) { return known.first == text; };
    auto found = std::find_if(scenes_.begin(), scenes_.end(), is_it);
    if (found == scenes_.end()) found = scenes_.insert(scenes_.end(), {text, {}});
    std::vector<std::string>& ids = found->second;
    if (std::find(ids.begin(), ids.end(), scene.id) == ids.end()) ids.push_back(scene.id);
  }
}

std::vector<std::pair<std::string, std::string>> TakenForGranted::told() const {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [text, ids] : scenes_) {
    const std::string more = ids.size() > 1 ? " and " + std::to_string(ids.size() - 1) + " more" : "";
    texts.emplace_back(ids.front() + more, text);
  }
  return texts;
}

}  // namespace pitwatch
