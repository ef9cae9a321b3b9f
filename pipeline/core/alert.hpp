#pragma once
// What the program is for: a piece of newly disturbed ground, with the evidence for it.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/polygon.hpp"

namespace pitwatch {

/// What happened to the ground. The numeric value is the code in mask.tif; 0 is stable ground.
enum class ChangeClass : std::uint8_t {
  vegetation_to_bare = 1,  // plant cover removed, bare soil or rock now
  bare_to_bare = 2,        // bare before and after, but another surface: excavated, dumped, graded
  to_water = 3,            // land before, water now
  from_water = 4,          // water before, land now
  vegetation_change = 5,   // plant cover changed without the ground being bared
  burn = 6,                // burnt: charred ground, less of it green
  built_or_bright = 7,     // roofs, concrete, or other surfaces brighter than soil
  flood = 8,               // land under the water of a river or lake beside it, for a while; from series alone
  harvest = 9,             // mown, harvested or tilled: as the ground is in other seasons; from series alone
  unknown = 10,            // no class is likely enough; from series alone
};

/// Whether the class speaks of ground that people dug, covered or built on, or of nothing.
inline bool disturbs_ground(ChangeClass change_class) {
  return change_class != ChangeClass::burn && change_class != ChangeClass::flood &&
         change_class != ChangeClass::harvest && change_class != ChangeClass::from_water;
}

/// The highest probability of being natural with which alerts are in alerts.geojson, unless another is asked for.
inline constexpr double default_max_natural = 0.8;

using MaskCode = std::uint8_t;
inline constexpr MaskCode mask_stable = 0;
inline constexpr MaskCode mask_not_judged = 255;

struct ChangeClassName {
  ChangeClass change_class;
  std::string_view name;
};

inline constexpr std::array<ChangeClassName, 10> change_class_names{{
    {ChangeClass::vegetation_to_bare, "vegetation_to_bare"},
    {ChangeClass::bare_to_bare, "bare_to_bare"},
    {ChangeClass::to_water, "to_water"},
    {ChangeClass::from_water, "from_water"},
    {ChangeClass::vegetation_change, "vegetation_change"},
    {ChangeClass::burn, "burn"},
    {ChangeClass::built_or_bright, "built_or_bright"},
    {ChangeClass::flood, "flood"},
    {ChangeClass::harvest, "harvest"},
    {ChangeClass::unknown, "unknown"},
}};

/// Of each class, in the order of change_class_names; they sum to 1.
using ClassProbabilities = std::array<double, change_class_names.size()>;

inline std::string_view name(ChangeClass change_class) {
  return change_class_names[static_cast<std::size_t>(change_class) - 1].name;
}

/// The last two are those of the register: an alert that another one stands for, and one of a site that is not watched
/// any more.
enum class AlertStatus : std::uint8_t { provisional, confirmed, closed, recovering, superseded, not_watched };

inline constexpr std::array<std::string_view, 6> alert_status_names{"provisional", "confirmed",  "closed",
                                                                    "recovering",  "superseded", "not_watched"};

inline std::string_view name(AlertStatus status) { return alert_status_names[static_cast<std::size_t>(status)]; }

/// What happened to an alert.
enum class AlertEventKind : std::uint8_t {
  first_detected,
  grew,
  shrank,
  confirmed,
  closed,
  reclassified,  // or it has become likelier, or less likely, that it is natural
  recovering,
  reopened,
  superseded,
  not_watched,    // its site is not listed any more
  watched_again,  // and is again
  moved,          // as large as before, but not on the same ground
};

inline constexpr std::array<std::string_view, 12> alert_event_names{
    "first_detected", "grew",     "shrank",     "confirmed",   "closed",        "reclassified",
    "recovering",     "reopened", "superseded", "not_watched", "watched_again", "moved"};

inline std::string_view name(AlertEventKind kind) { return alert_event_names[static_cast<std::size_t>(kind)]; }

struct AlertEvent {
  Instant at{};  // acquisition
  AlertEventKind kind = AlertEventKind::first_detected;
  double area_ha = 0;                                         // then
  ChangeClass change_class = ChangeClass::vegetation_change;  // from then on
  AlertStatus status = AlertStatus::provisional;              // from then on
  double confidence = 0;                                      // then, 0..1
  PixelMultiPolygon shape{};                       // then, on the grid of the collection that holds the alert
  std::optional<double> class_probability = {};    // then, 0..1; nothing: not known
  std::optional<double> natural_probability = {};  // then, likewise
  friend bool operator==(const AlertEvent&, const AlertEvent&) = default;
};

/// Why an alert is one no more.
enum class SupersededWhy : std::uint8_t {
  merged,    // it grew together with another, which goes on under its own id
  relearnt,  // its site was learnt anew, because that was asked for
  replayed,  // an acquisition that came late changed what is known
};

inline constexpr std::array<std::string_view, 3> superseded_why_names{"merged", "relearnt", "replayed"};

inline std::string_view name(SupersededWhy why) { return superseded_why_names[static_cast<std::size_t>(why)]; }

struct Superseded {
  SupersededWhy why = SupersededWhy::merged;
  std::vector<std::string> by;  // alerts that stand for it; empty where none does
  friend bool operator==(const Superseded&, const Superseded&) = default;
};

/// What a person found an alert to be.
enum class Verdict : std::uint8_t { confirmed_mining, licensed, natural, false_alert };

inline constexpr std::array<std::string_view, 4> verdict_names{"confirmed_mining", "licensed", "natural", "false"};

inline std::string_view name(Verdict verdict) { return verdict_names[static_cast<std::size_t>(verdict)]; }

struct Review {
  Verdict verdict = Verdict::confirmed_mining;
  std::string reviewer;
  Instant reviewed_at{};
  std::string reason;
  bool by_overlap = false;  // it was given to an alert of another id on the same ground
  friend bool operator==(const Review&, const Review&) = default;
};

struct Alert {
  std::string id;           // stable: same inputs, same id
  PixelMultiPolygon shape;  // on the grid of the collection that holds the alert
  std::optional<std::string> site;
  AlertStatus status = AlertStatus::provisional;
  ChangeClass change_class = ChangeClass::vegetation_change;
  std::optional<double> class_probability;    // of the class, 0..1; nothing: not known
  std::optional<double> natural_probability;  // that no people disturbed the ground, 0..1; nothing: not known
  std::optional<ClassProbabilities> class_probabilities;  // of all that was weighed; nothing: not known
  Instant first_detected{};                               // acquisition of the scene that first made this an alert
  Instant onset_after{};                                  // last clear acquisition still undisturbed
  Instant onset_before{};                                 // first clear acquisition disturbed
  std::optional<Instant> confirmed_on;
  Instant last_detected{};
  Instant last_observed{};
  int observations = 1;                  // clear acquisitions since onset: from `onset_before` on
  double confidence = 0;                 // 0..1
  double area_ha = 0;                    // geodesic
  double area_uncertainty_ha = 0;        // one standard deviation
  std::map<std::string, double> change;  // mean change (after - before) by index name
  std::vector<std::string> scenes_before;
  std::vector<std::string> scenes_after;
  std::vector<std::string> parents;
  std::string tile;
  std::string algorithm;                 // version and hash of the options
  std::vector<AlertEvent> history;       // in order of time
  std::optional<Review> review;          // the newest
  std::optional<Superseded> superseded;  // of status superseded
  AlertContext context;                  // what it touches, as far as layers have said
};

/// Whether an alert is so likely to be natural that it is left to the register. Where the probability is not known, as
/// of former versions, those are whose class disturbs no ground, as was done then.
inline bool is_left_out(const Alert& alert, double max_natural) {
  return alert.natural_probability.value_or(disturbs_ground(alert.change_class) ? 0.0 : 1.0) > max_natural;
}

}  // namespace pitwatch
