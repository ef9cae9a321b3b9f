#pragma once
// From what the user names (a path or URL) to a Scene, whatever the packaging.

#include <string>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Reads the metadata of a scene; no pixel is read and no band file is opened.
/// `reference` is what the user wrote: today the path of a STAC item (JSON); see the table of readers in
/// scene_reader.cpp. Throws DataError, with the reference in the message, when no reader takes it or its reader finds
/// it broken. Thread-safe.
Scene read_scene(const std::string& reference);

}  // namespace pitwatch
