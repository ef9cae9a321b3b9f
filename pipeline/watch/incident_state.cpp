#include "pipeline/watch/incident_state.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/incidents/lifecycle.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/watch/checked_json.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

static_assert(sizeof(PackedRun) == 6 && sizeof(PackedEvent) == 26, "a StateArray has no padding");
constexpr std::size_t event_shorts = 12;
constexpr std::uint32_t same_runs = std::numeric_limits<std::uint32_t>::max();
constexpr int most_observations = 1'000'000;                 // of an incident
constexpr std::size_t most_elements = std::size_t{1} << 28;  // of an array: no header makes more be allocated

[[noreturn]] void damaged(const std::string& what) { throw DataError("is damaged: " + what); }

void check(bool holds, const std::string& id, const char* what) {
  if (!holds) damaged("incident " + id + ": " + what);
}

/// What json throws on other types and missing names, as a DataError.
template <typename Read>
auto read_json(const Read& read) {
  try {
    return read();
  } catch (const json::exception& error) {
    damaged(error.what());
  }
}

std::string text_of(const json& value) { return value.get<std::string>(); }
float real_of(const json& value) { return value.get<float>(); }

json json_of(Instant instant) { return instant.time_since_epoch().count(); }
json json_of(const std::optional<Instant>& instant) { return instant ? json_of(*instant) : json(nullptr); }
std::optional<Instant> optional_instant_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(instant_of_milliseconds(value));
}

bool is_state(int status) {
  return status == static_cast<int>(AlertStatus::closed) || status == static_cast<int>(AlertStatus::superseded) ||
         (status >= 0 && status <= std::numeric_limits<std::uint8_t>::max() &&
          is_open(static_cast<AlertStatus>(status)));
}

/// Whether the lifecycle of an incident knows this event.
bool is_kind(int kind) {
  constexpr std::array known{AlertEventKind::first_detected, AlertEventKind::grew,      AlertEventKind::shrank,
                             AlertEventKind::moved,          AlertEventKind::confirmed, AlertEventKind::recovering,
                             AlertEventKind::closed,         AlertEventKind::reopened,  AlertEventKind::superseded};
  return std::any_of(known.begin(), known.end(), [&](AlertEventKind one) { return kind == static_cast<int>(one); });
}

template <std::size_t parts>
std::array<std::uint16_t, parts> split(std::uint64_t value) {
  std::array<std::uint16_t, parts> result{};
  for (std::size_t i = 0; i < parts; ++i) result[i] = static_cast<std::uint16_t>(value >> (16 * i));
  return result;
}

template <std::size_t parts>
std::uint64_t joined(const std::array<std::uint16_t, parts>& value) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < parts; ++i) result |= std::uint64_t{value[i]} << (16 * i);
  return result;
}

void pack(const std::vector<Run>& runs, const std::string& id, PackedIncidents& packed) {
  constexpr int most = std::numeric_limits<std::uint16_t>::max();
  for (const Run& run : runs) {
    if (run.row < 0 || run.row > most || run.begin < 0 || run.end > most) {
      throw DataError("incident " + id + ": lies beyond the " + std::to_string(most) + " pixels that can be kept");
    }
    packed.runs.push_back({static_cast<std::uint16_t>(run.row), static_cast<std::uint16_t>(run.begin),
                           static_cast<std::uint16_t>(run.end)});
  }
}

/// How the runs of an event, or of an incident behind its last one, are counted: those of `before` are not kept again.
std::uint32_t count_of(const std::vector<Run>& runs, const std::vector<Run>* before) {
  return before != nullptr && runs == *before ? same_runs : static_cast<std::uint32_t>(runs.size());
}

void pack(const Incident& incident, PackedIncidents& packed) {
  const std::vector<Run>* before = nullptr;
  for (const IncidentEvent& event : incident.events) {
    if (event.pixels < 0 || event.pixels > std::numeric_limits<std::uint32_t>::max()) {
      throw DataError("incident " + incident.id + ": an event has more pixels than can be kept");
    }
    const std::uint32_t count = count_of(event.runs, before);
    packed.events.push_back({split<4>(static_cast<std::uint64_t>(event.when.time_since_epoch().count())),
                             split<4>(std::bit_cast<std::uint64_t>(event.confidence)),
                             split<2>(static_cast<std::uint64_t>(event.pixels)), split<2>(count),
                             static_cast<std::uint8_t>(event.kind), static_cast<std::uint8_t>(event.status)});
    if (count != same_runs) pack(event.runs, incident.id, packed);
    before = &event.runs;
  }
  if (count_of(incident.runs, before) != same_runs) pack(incident.runs, incident.id, packed);
}

/// What both formats keep in the same way.
json common_json_of(const Incident& incident) {
  return {{"id", incident.id},
          {"status", static_cast<int>(incident.status)},
          {"first_detected", json_of(incident.first_detected)},
          {"confirmed_on", json_of(incident.confirmed_on)},
          {"closed_on", json_of(incident.closed_on)},
          {"last_detected", json_of(incident.last_detected)},
          {"last_observed", json_of(incident.last_observed)},
          {"observations", incident.observations},
          {"confidence", incident.confidence},
          {"parents", incident.parents},
          {"merged_into", incident.merged_into}};
}

WatchedIncident common_incident_of(const json& value) {
  WatchedIncident incident;
  incident.id = text_of(value.at("id"));
  const auto status = whole_number<int>(value.at("status"));
  check(is_state(status), incident.id, "no state of an incident");
  incident.status = static_cast<AlertStatus>(status);
  incident.first_detected = instant_of_milliseconds(value.at("first_detected"));
  incident.confirmed_on = optional_instant_of(value.at("confirmed_on"));
  incident.closed_on = optional_instant_of(value.at("closed_on"));
  incident.last_detected = instant_of_milliseconds(value.at("last_detected"));
  incident.last_observed = instant_of_milliseconds(value.at("last_observed"));
  incident.observations = whole_number<int>(value.at("observations"));
  incident.confidence = value.at("confidence").get<double>();
  incident.parents = value.at("parents").get<std::vector<std::string>>();
  incident.merged_into = text_of(value.at("merged_into"));
  return incident;
}

/// Takes runs from the front of the array.
class RunTaker {
 public:
  explicit RunTaker(const PixelVector<PackedRun>& runs) : rest_(runs) {}

  std::vector<Run> take(std::uint64_t count) {
    if (count > rest_.size()) damaged("fewer outlines than its incidents have");
    std::vector<Run> runs;
    runs.reserve(count);
    for (const PackedRun& run : rest_.first(count)) runs.push_back({run.row, run.begin, run.end});
    rest_ = rest_.subspan(count);
    return runs;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const PackedRun> rest_;
};

/// An event, but for its runs.
IncidentEvent event_of(const PackedEvent& packed, const std::string& id) {
  check(is_kind(packed.kind), id, "no event of an incident");
  check(is_state(packed.status), id, "no state of an incident");
  return {Instant(std::chrono::milliseconds(static_cast<std::int64_t>(joined(packed.when)))),
          static_cast<AlertEventKind>(packed.kind),
          static_cast<AlertStatus>(packed.status),
          std::bit_cast<double>(joined(packed.confidence)),
          static_cast<std::int64_t>(joined(packed.pixels)),
          {}};
}

bool is_probability(double value) { return value >= 0 && value <= 1; }

/// Whether runs are as in Component.
bool is_ground(const std::vector<Run>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    if (run.row < 0 || run.begin < 0 || run.begin >= run.end) return false;
    if (i == 0 || runs[i - 1].row < run.row) continue;
    if (runs[i - 1].row > run.row || runs[i - 1].end >= run.begin) return false;
  }
  return true;
}

bool is_on(const std::vector<Run>& runs, const Grid& grid) {
  return std::all_of(runs.begin(), runs.end(),
                     [&](const Run& run) { return run.row < grid.height && run.end <= grid.width; });
}

/// Whether dates and successor go with its state.
void check_state(const Incident& incident) {
  check(incident.closed_on.has_value() == (incident.status == AlertStatus::closed), incident.id,
        "its closing does not go with its state");
  check(incident.merged_into.empty() == (incident.status != AlertStatus::superseded), incident.id,
        "its successor does not go with its state");
  check(!is_confirmed(incident.status) || incident.confirmed_on, incident.id, "confirmed without a date");
  check(incident.status != AlertStatus::provisional || !incident.confirmed_on, incident.id,
        "provisional, but with the date of a confirmation");
}

void check_events(const Incident& incident) {
  check(!incident.events.empty(), incident.id, "has no events");
  const IncidentEvent& first = incident.events.front();
  check(first.kind == AlertEventKind::first_detected && first.when == incident.first_detected, incident.id,
        "does not begin with its first detection");
  check(incident.events.back().status == incident.status, incident.id, "its last event is of another state");
  for (std::size_t i = 0; i < incident.events.size(); ++i) {
    const IncidentEvent& event = incident.events[i];
    check(i == 0 || event.when >= incident.events[i - 1].when, incident.id, "its events are not in order of time");
    check(i == 0 || event.kind != AlertEventKind::first_detected, incident.id, "was first detected twice");
    check(is_probability(event.confidence), incident.id, "an event has no probability");
    check(is_ground(event.runs), incident.id, "the outline of an event is none");
    check(event.runs.empty() ? event.pixels > 0 : event.pixels == pixels_of(event.runs), incident.id,
          "the size of an event is not that of its outline");
  }
}

void check(const Incident& incident) {
  check(!incident.id.empty(), incident.id, "has no id");
  check(incident.observations >= 0, incident.id, "has fewer than no observations");
  check(incident.observations <= most_observations, incident.id, "has more observations than there can be");
  check(is_probability(incident.confidence), incident.id, "has no probability");
  check(!incident.runs.empty() && is_ground(incident.runs), incident.id, "its outline is none");
  check_state(incident);
  check_events(incident);
}

/// Checks each, and that those whom they name are there.
void check(const std::vector<WatchedIncident>& incidents) {
  std::set<std::string> ids;
  for (const WatchedIncident& incident : incidents) {
    check(incident);
    check(ids.insert(incident.id).second, incident.id, "is there twice");
  }
  for (const WatchedIncident& incident : incidents) {
    check(incident.merged_into.empty() || (incident.merged_into != incident.id && ids.contains(incident.merged_into)),
          incident.id, "its successor is not there");
    check(std::all_of(incident.parents.begin(), incident.parents.end(),
                      [&](const std::string& parent) { return parent != incident.id && ids.contains(parent); }),
          incident.id, "a parent is not there");
  }
}

// ---- evidence ----

json json_of(const std::optional<double>& probability) { return probability ? json(*probability) : json(nullptr); }

std::optional<double> probability_of(const json& value) {
  if (value.is_null()) return std::nullopt;
  const auto probability = value.get<double>();
  if (!(probability >= 0 && probability <= 1)) damaged("a probability that is none");
  return probability;
}

ClassProbabilities probabilities_of(const json& value) {
  const auto all = value.get<ClassProbabilities>();
  if (!std::all_of(all.begin(), all.end(), is_probability)) damaged("a probability that is none");
  return all;
}

ChangeClass class_of(const json& value) {
  const auto code = whole_number<int>(value);
  if (code < 1 || code > static_cast<int>(class_count)) damaged("a class that is none");
  return static_cast<ChangeClass>(code);
}

json json_of(const ClassCourse& course) {
  return {{"seen", course.seen},
          {"burnt_odds", course.burnt_odds},
          {"wettest", course.wettest},
          {"wet", {course.wet_from_days, course.wet_until_days, course.wet_observations}},
          {"lowest_ndvi", course.lowest_ndvi},
          {"is_back", course.is_back},
          {"looks", course.observations},
          {"told",
           {static_cast<int>(course.told.change_class), course.told.class_probability, course.told.natural_probability,
            course.told.of_classes}},
          {"challenger", {static_cast<int>(course.challenger), course.challenges}}};
}

ClassCourse course_of(const json& value) {
  ClassCourse course;
  course.seen = value.at("seen").get<decltype(course.seen)>();
  course.burnt_odds = real_of(value.at("burnt_odds"));
  course.wettest = real_of(value.at("wettest"));
  const json& wet = value.at("wet");
  course.wet_from_days = real_of(wet.at(0));
  course.wet_until_days = real_of(wet.at(1));
  course.wet_observations = whole_number<int>(wet.at(2));
  course.lowest_ndvi = real_of(value.at("lowest_ndvi"));
  course.is_back = value.at("is_back").get<bool>();
  course.observations = whole_number<int>(value.at("looks"));
  const json& told = value.at("told");
  course.told = {class_of(told.at(0)), real_of(told.at(1)), real_of(told.at(2)), {}};
  if (told.size() > 3) course.told.of_classes = told.at(3).get<decltype(course.told.of_classes)>();
  const json& challenger = value.at("challenger");
  course.challenger = class_of(challenger.at(0));
  course.challenges = whole_number<int>(challenger.at(1));
  return course;
}

/// Of former formats, which kept the class alone: nothing is known of what led there.
ClassCourse course_of_class(ChangeClass change_class) {
  ClassCourse course;
  course.told = {change_class, 0, disturbs_ground(change_class) ? 0.0F : 1.0F, {}};
  return course;
}

json json_of(const IncidentEvidence& evidence) {
  json classes = json::array();
  for (const ClassSince& one : evidence.classes) {
    classes.push_back({json_of(one.when), static_cast<int>(one.change_class), json_of(one.class_probability),
                       json_of(one.natural_probability)});
    if (one.of_classes) classes.back().push_back(*one.of_classes);
  }
  return {{"onset_after", json_of(evidence.onset_after)},
          {"onset_before", json_of(evidence.onset_before)},
          {"before_detection", evidence.before_detection},
          {"before", evidence.before},
          {"first", evidence.first},
          {"after", evidence.after},
          {"by_water", evidence.by_water},
          {"own_year_share", evidence.own_year_share},
          {"greenest_ndvi", evidence.greenest_ndvi},
          {"course", json_of(evidence.course)},
          {"classes", classes},
          {"scenes", {evidence.scene_before, evidence.scene_first, evidence.scene_last}}};
}

int before_detection_of(const json& value) {
  if (!value.contains("before_detection")) return 0;  // of a former format
  const int observations = whole_number<int>(value.at("before_detection"));
  if (observations < 0 || observations > most_observations) damaged("a number of observations that is none");
  return observations;
}

IncidentEvidence evidence_of(const json& value) {
  const json& scenes = value.at("scenes");
  std::vector<ClassSince> classes;
  for (const json& one : value.at("classes")) {
    ClassSince& since = classes.emplace_back(ClassSince{instant_of_milliseconds(one.at(0)), class_of(one.at(1))});
    if (one.size() < 3) continue;  // of a former format
    since.class_probability = probability_of(one.at(2));
    since.natural_probability = probability_of(one.at(3));
    if (one.size() > 4) since.of_classes = probabilities_of(one.at(4));
  }
  const bool has_course = value.contains("course");
  if (!has_course && classes.empty()) damaged("an incident without a class");
  return {instant_of_milliseconds(value.at("onset_after")),
          instant_of_milliseconds(value.at("onset_before")),
          before_detection_of(value),
          value.at("before").get<BandMeans>(),
          value.at("first").get<BandMeans>(),
          value.at("after").get<BandMeans>(),
          value.at("by_water").get<bool>(),
          value.at("own_year_share").get<double>(),
          value.at("greenest_ndvi").get<float>(),
          has_course ? course_of(value.at("course")) : course_of_class(classes.back().change_class),
          std::move(classes),
          text_of(scenes.at(0)),
          text_of(scenes.at(1)),
          text_of(scenes.at(2))};
}

/// Gives each of the incidents its evidence.
void take_evidence(const json& evidence, std::vector<WatchedIncident>& incidents) {
  read_json([&] {
    std::size_t taken = 0;
    for (WatchedIncident& incident : incidents) {
      const auto found = evidence.find(incident.id);
      if (found == evidence.end()) continue;
      incident.evidence = evidence_of(*found);
      ++taken;
    }
    if (taken != evidence.size()) damaged("evidence of an incident that is not there");
  });
}

// ---- format 2 ----

using Growth = std::vector<std::pair<Instant, std::int64_t>>;  // pixels, from when on

Growth growth_of(const json& value, const std::string& id) {
  Growth growth;
  for (const json& step : value)
    growth.emplace_back(instant_of_milliseconds(step.at(0)), whole_number<std::int64_t>(step.at(1)));
  check(!growth.empty(), id, "has no events");
  return growth;
}

/// When an incident ended in another: at the first change of size of that which this one was not observed before.
Instant superseded_on(const Incident& incident, const Growth& own, const Growth& of_successor) {
  const Instant seen = std::max(incident.last_observed, own.back().first);
  const auto found =
      std::find_if(of_successor.begin(), of_successor.end(), [&](const auto& step) { return step.first > seen; });
  return found != of_successor.end() ? found->first : seen;
}

void add_event(Incident& incident, Instant when, AlertEventKind kind, std::int64_t pixels) {
  IncidentEvent& event = incident.events.emplace_back();
  event.when = when;
  event.kind = kind;
  event.pixels = pixels;
  event.confidence = incident.confidence;  // the only one that was kept
}

void add_growth(Incident& incident, const Growth& growth) {
  for (std::size_t i = 0; i < growth.size(); ++i) {
    const auto& [when, pixels] = growth[i];
    add_event(incident, when,
              i == 0                          ? AlertEventKind::first_detected
              : pixels > growth[i - 1].second ? AlertEventKind::grew
                                              : AlertEventKind::shrank,
              pixels);
  }
}

/// Puts what happened to its state among its growth, behind what happened at the same time.
void add_change(Incident& incident, Instant when, AlertEventKind kind) {
  const auto later = std::find_if(incident.events.begin() + 1, incident.events.end(),
                                  [&](const IncidentEvent& event) { return event.when > when; });
  IncidentEvent event = *std::prev(later);
  event.when = std::max(when, event.when);
  event.kind = kind;
  incident.events.insert(later, std::move(event));
}

AlertStatus status_after(AlertEventKind kind, AlertStatus before) {
  switch (kind) {
    case AlertEventKind::confirmed:
      return AlertStatus::confirmed;
    case AlertEventKind::recovering:
      return AlertStatus::recovering;
    case AlertEventKind::closed:
      return AlertStatus::closed;
    case AlertEventKind::superseded:
      return AlertStatus::superseded;
    default:
      return before;
  }
}

/// Events of an incident that has all but these; `successor` of one that was merged.
void tell_events(Incident& incident, const Growth& growth, const Growth* successor) {
  add_growth(incident, growth);
  const Instant last_change = growth.back().first;
  if (incident.confirmed_on) add_change(incident, *incident.confirmed_on, AlertEventKind::confirmed);
  if (incident.status == AlertStatus::recovering && incident.confirmed_on) {
    add_change(incident, std::max(incident.last_observed, incident.events.back().when), AlertEventKind::recovering);
  }
  if (incident.closed_on) add_change(incident, *incident.closed_on, AlertEventKind::closed);
  if (successor != nullptr) {
    add_change(incident, std::max(superseded_on(incident, growth, *successor), incident.events.back().when),
               AlertEventKind::superseded);
    incident.closed_on.reset();
  }
  AlertStatus status = AlertStatus::provisional;
  for (IncidentEvent& event : incident.events) {
    event.status = status = status_after(event.kind, status);
    if (event.when >= last_change) event.runs = incident.runs;
  }
  incident.status = status;
}

}  // namespace

std::vector<StateArray> state_arrays(PackedIncidents& packed) {
  return {
      {"incident_events", sizeof(PackedEvent), event_shorts, false, std::as_writable_bytes(std::span(packed.events))},
      {"incident_runs", sizeof(PackedRun), 3, true, std::as_writable_bytes(std::span(packed.runs))}};
}

json packed_incidents(std::span<const WatchedIncident> incidents, PackedIncidents& packed) {
  packed.events.clear();
  packed.runs.clear();
  json list = json::array();
  for (const WatchedIncident& incident : incidents) {
    pack(incident, packed);
    json one = common_json_of(incident);
    one["events"] = incident.events.size();
    one["runs"] = count_of(incident.runs, incident.events.empty() ? nullptr : &incident.events.back().runs);
    list.push_back(std::move(one));
  }
  return {{"list", std::move(list)}, {"events", packed.events.size()}, {"runs", packed.runs.size()}};
}

json evidence_by_id(std::span<const WatchedIncident> incidents) {
  json evidence = json::object();
  for (const WatchedIncident& incident : incidents) {
    if (incident.evidence) evidence[incident.id] = json_of(*incident.evidence);
  }
  return evidence;
}

PackedIncidents unfilled_incidents(const json& header) {
  return read_json([&] {
    const auto events = whole_number<std::size_t>(header.at("events"));
    const auto runs = whole_number<std::size_t>(header.at("runs"));
    if (events > most_elements || runs > most_elements) damaged("more events or outlines than can be");
    PackedIncidents packed;
    packed.events.resize(events);
    packed.runs.resize(runs);
    return packed;
  });
}

std::vector<WatchedIncident> incidents_of(const json& header, const PackedIncidents& packed, const json& evidence,
                                          const Grid& grid) {
  std::vector<WatchedIncident> incidents;
  RunTaker runs(packed.runs);
  std::span<const PackedEvent> events(packed.events);
  read_json([&] {
    for (const json& value : header.at("list")) {
      WatchedIncident incident = common_incident_of(value);
      const auto count = whole_number<std::size_t>(value.at("events"));
      if (count > events.size()) damaged("fewer events than its incidents have");
      for (const PackedEvent& one : events.first(count)) {
        IncidentEvent event = event_of(one, incident.id);
        const std::uint64_t own = joined(one.runs);
        check(own != same_runs || !incident.events.empty(), incident.id, "no event before the first");
        event.runs = own == same_runs ? incident.events.back().runs : runs.take(own);
        check(is_on(event.runs, grid), incident.id, "an event lies beside the grid");
        incident.events.push_back(std::move(event));
      }
      events = events.subspan(count);
      const auto own = whole_number<std::uint64_t>(value.at("runs"));
      check(own != same_runs || !incident.events.empty(), incident.id, "has no events");
      incident.runs = own == same_runs ? incident.events.back().runs : runs.take(own);
      check(is_on(incident.runs, grid), incident.id, "lies beside the grid");
      incidents.push_back(std::move(incident));
    }
  });
  if (!events.empty() || !runs.at_end()) damaged("more events or outlines than its incidents have");
  check(incidents);
  take_evidence(evidence, incidents);
  return incidents;
}

std::vector<WatchedIncident> incidents_of_format_2(const json& incidents, const json& evidence) {
  std::vector<WatchedIncident> result;
  std::map<std::string, Growth> growths;
  read_json([&] {
    for (const json& value : incidents) {
      WatchedIncident incident = common_incident_of(value);
      for (const json& run : value.at("runs")) {
        incident.runs.push_back(
            {whole_number<int>(run.at(0)), whole_number<int>(run.at(1)), whole_number<int>(run.at(2))});
      }
      growths[incident.id] = growth_of(value.at("growth"), incident.id);
      result.push_back(std::move(incident));
    }
  });
  for (WatchedIncident& incident : result) {
    const auto successor = growths.find(incident.merged_into);
    check(incident.merged_into.empty() || successor != growths.end(), incident.id, "its successor is not there");
    tell_events(incident, growths.at(incident.id), successor != growths.end() ? &successor->second : nullptr);
  }
  check(result);
  take_evidence(evidence, result);
  return result;
}

}  // namespace pitwatch
