#pragma once
// What stays known of an acquisition when its files are gone.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// A granule that an acquisition was made of, known by what it is; empty where its metadata did not say.
struct AcquisitionPart {
  std::string scene;  // id
  std::string tile;
  std::string level;
  std::string baseline;
  std::string datastrip;  // when its datastrip began
  std::optional<Instant> processed;
  std::string item;   // of its metadata when it was taken in, the beginning of their SHA-256
  std::string sizes;  // of the sizes of its files then, likewise
  friend bool operator==(const AcquisitionPart&, const AcquisitionPart&) = default;
};

/// An acquisition that the state rests on. It is known by what it is, not by the bytes of its files: these may go.
struct AcquisitionRecord {
  Instant acquired{};
  std::string platform;
  std::string datatake;
  std::vector<AcquisitionPart> parts;  // in the order in which they were read, at least one
  std::string skipped;                 // why it was left out; empty where it was used
  bool is_unread = false;              // it was left out since it could not be read: it is tried again

  const std::string& scene() const { return parts.front().scene; }
  const std::string& tile() const { return parts.front().tile; }
  friend bool operator==(const AcquisitionRecord&, const AcquisitionRecord&) = default;
};

}  // namespace pitwatch
