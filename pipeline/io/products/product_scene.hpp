#pragma once
// What the readers of products give.

#include <string>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// A scene, and what changes when its metadata do.
struct ProductScene {
  Scene scene;
  std::string fingerprint;  // SHA-256 of the metadata files' names and bytes; of an archive, of its directory
};

}  // namespace pitwatch
