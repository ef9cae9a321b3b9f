#pragma once
// What a dossier says of an alert, in no language: chosen and worked out of the record.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/chips/chip.hpp"
#include "pipeline/chips/chip_store.hpp"
#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/dossier/dossier_record.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {

/// What an acquisition was to the alert.
enum class AcquisitionRole : std::uint8_t {
  undisturbed,  // the last clear view without the disturbance
  hidden,       // within the bracket: by definition this ground was not seen clear
  onset,        // the first clear view with it
  detected,     // made it an alert
  confirmed,
  other,
};

/// A row of the table of acquisitions.
struct DossierAcquisition {
  RecordedAcquisition recorded;
  AcquisitionRole part = AcquisitionRole::other;
  std::optional<ObservedAlert> observed;  // of the alert's own ground; nothing: not on record
  bool is_evidence = false;               // the alert names it
  bool is_onset = false;                  // it is the first clear view with the disturbance, whatever it is besides
};

/// Days between two pictures that are kept.
struct DossierGap {
  Instant from{};
  Instant to{};
  int days = 0;
  int acquisitions = 0;  // on record within
  int thinned = 0;       // clear
  int masked = 0;
  int skipped = 0;
  int unknown = 0;                   // what they showed of this ground is not on record
  std::vector<std::string> reasons;  // of masked and skipped ones, each once
};

struct DossierVertex {
  int part = 0;  // from 1
  int ring = 0;  // 1: outer
  int number = 0;
  LonLat place;
  MapPoint map;
};

struct AlertDossier {
  OutlinedAlert outlined;
  std::vector<RegisteredEvent> events;  // newest revision
  int revisions = 1;
  std::vector<RegisteredReview> reviews;  // that count for it, by reviewed_at
  std::vector<RegisteredFact> facts;
  std::vector<DossierAcquisition> acquisitions;  // from the last undisturbed to the confirming one
  std::size_t acquisitions_more = 0;             // that are not among them, because they are too many
  std::optional<Instant> newest_acquisition;     // of the site
  LonLat middle;                                 // of the outline's box
  std::string crs;                               // of the UTM zone
  std::vector<DossierVertex> vertices;
  std::size_t vertices_more = 0;
  std::vector<const RecordedManifest*> manifests;  // of the record, that concern it, oldest first
  std::vector<KeptChip> chips;                     // of those that could be read, in order of time, `before` first
  std::vector<Chip> pictures;                      // they themselves
  std::vector<ObservedAlert> observed;
  std::vector<DossierGap> gaps;                                 // between chips
  std::vector<std::pair<std::string, std::string>> unreadable;  // file of the chips, or their folder, and why
  std::vector<std::string> missing;                             // names of files of the chips that the record has
};

inline constexpr int gap_days = 30;                    // between two pictures, from which on a gap is named
inline constexpr std::size_t most_dossier_rows = 500;  // of acquisitions
inline constexpr std::size_t most_vertices = 4000;

/// The record must outlive it. Files of chips that are damaged are `unreadable`. Throws DataError for an outline that
/// no UTM zone holds.
AlertDossier alert_dossier(const DossierRecord& record, const OutlinedAlert& outlined);

/// The outline of an alert at an instant by its events: the newest not later; empty where none is recorded by then.
const LonLatMultiPolygon* outline_at(const std::vector<RegisteredEvent>& events, Instant at);

/// Manifests that the dossier of an alert rests on: those of the acquisitions from its onset to its last detection, of
/// its reviews, of what layers say of it, those that vouch for its pictures, and the newest.
std::vector<const RecordedManifest*> manifests_of(const DossierRecord& record, const Alert& alert);

}  // namespace pitwatch
