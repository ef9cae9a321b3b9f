#pragma once
// The files that a source consists of, over which nothing may be written.

#include <string>
#include <vector>

#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

class SourceFiles {
 public:
  /// Of the listing of a source, and what else is read.
  SourceFiles(const std::string& source, const SourceListing& listing, std::vector<std::string> also);

  /// Throws ConfigError, naming the option that names the path to write to, where that is there and is read: a band, an
  /// item or another file of a scene, a file with the metadata of a folder or catalog (JSON, XML), or what else is
  /// read.
  void refuse(const std::string& option, const std::string& path) const;

 private:
  std::vector<std::string> bands_;
  std::vector<std::string> files_;
  std::vector<std::string> products_;  // folders of which every file counts
};

}  // namespace pitwatch
