#pragma once
// All that dossiers are made of, read once for all of them: register, record of the runs, what they saw.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {

/// An acquisition of a site, as the manifests have it.
struct RecordedAcquisition {
  Instant acquired{};
  std::vector<std::string> scenes;
  bool is_skipped = false;
  std::string reason;                 // why it was skipped
  std::optional<double> clear_share;  // of the site, 0..1: mean of its panes; nothing: not on record
  std::string manifest;               // the newest that names it
};

/// What is needed of a manifest.
struct RecordedManifest {
  std::string name;
  std::string sha256;
  std::optional<ManifestReference> previous;
  Instant started{};
  Instant ended{};
  std::string command;
  std::string program_version;
  std::string algorithm;
  bool is_signed = false;
  bool is_time_stamped = false;
  std::string signed_by;              // of a signature that fits; whose certificate it is was not checked
  std::string stamped_by;             // likewise of a time stamp
  std::optional<Instant> stamped_at;  // as it says
  std::string reviewed;               // id of the alert that it is the review of; else empty
  std::map<std::string, std::vector<Instant>> judged;  // acquisitions by site
};

struct DossierRecord {
  std::string state;  // its folder; empty: there is none
  RegisterContent content;
  std::map<std::string, std::vector<RegisteredEvent>> events;  // by alert: all revisions, as they were written
  std::map<std::string, std::vector<RegisteredFact>> facts;    // by alert: the newest of each subject
  std::vector<RegisteredLayer> layers;                         // the newest of each name
  std::map<std::string, std::vector<RecordedAcquisition>> acquisitions;  // by site, in order of time
  std::vector<RecordedManifest> manifests;                               // oldest first
  std::map<std::string, std::size_t> chips;      // files of chips: the newest of `manifests` that names them
  std::map<std::string, std::string> due_chips;  // files of chips that are to be there: their SHA-256
  std::optional<ManifestReference> head;
  std::vector<std::string> misfits;  // of the chain
  std::string sites_file;            // of the newest run, as it was given; empty: not known
  std::string sites_sha256;
};

/// Reads a state and its register; signatures and time stamps are checked against their manifests, and not whose they
/// are: one that does not fit is among the misfits. A state without a record has none of what manifests say. Throws as
/// read_register() and check_chain() do.
DossierRecord read_dossier_record(const std::string& state, const std::string& register_target);

/// Leaves out what files, folders and servers are called where the record was made, which is nobody's business who
/// reads what is made public: of layers that cannot be used why, of other reasons each word with a slash.
void withhold_places(DossierRecord& record);

/// Those of the newest revision, as they were written.
std::vector<RegisteredEvent> newest_revision(const std::vector<RegisteredEvent>& events);

/// " --options-of FOLDER/NAME" of the newest of them that is of a run: with these options an alert comes out again.
/// Empty where there is none.
std::string options_of_run(std::span<const RecordedManifest* const> manifests, const std::string& folder);

/// Null where no manifest is published.
const RecordedManifest* newest_manifest(const DossierRecord& record);

}  // namespace pitwatch
