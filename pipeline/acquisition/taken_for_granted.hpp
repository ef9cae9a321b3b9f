#pragma once
// What was taken for granted of scenes (Scene::assumptions), to be said to the user.

#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

class TakenForGranted {
 public:
  void add(const Scene& scene);

  /// Each text once, behind the first scene that it is of, and of how many more.
  std::vector<std::pair<std::string, std::string>> told() const;

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> scenes_;  // by text
};

}  // namespace pitwatch
