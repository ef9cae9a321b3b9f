#include "pipeline/register/register_context.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "pipeline/io/alerts/alert_columns.hpp"

namespace pitwatch {
namespace {

using Rows = std::vector<RegisteredFact>;
using BySubject = std::map<std::string, Rows>;

/// Whether the register would have the same in both, but for the times.
bool same_fact(const RegisteredFact& a, const RegisteredFact& b) {
  RegisteredFact other = b;
  other.worked_out = a.worked_out;
  other.recorded_at = a.recorded_at;
  return row_of(a) == row_of(other);
}

bool same_facts(const Rows& a, const Rows& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_fact); }

/// Of each alert and subject the rows that were recorded last.
class Newest {
 public:
  explicit Newest(std::span<const RegisteredFact> known) {
    for (const RegisteredFact& fact : known) {
      Rows& rows = newest_[fact.alert_id][fact.detail.subject];
      if (!rows.empty() && rows.back().recorded_at != fact.recorded_at) rows.clear();
      rows.push_back(fact);
    }
  }
  const Rows& of(const std::string& alert, const std::string& subject) const {
    static const Rows none;
    const auto of_alert = newest_.find(alert);
    if (of_alert == newest_.end()) return none;
    const auto found = of_alert->second.find(subject);
    return found == of_alert->second.end() ? none : found->second;
  }

 private:
  std::unordered_map<std::string, BySubject> newest_;
};

bool is_told(const ContextFacts& facts, const char* subject) {
  return std::any_of(facts.details.begin(), facts.details.end(),
                     [&](const ContextDetail& detail) { return detail.subject == subject; });
}

template <typename T>
void take(std::optional<T>& known, const std::optional<T>& told) {
  if (told) known = told;
}

/// A side that elevations gave stays where there are none now, as long as the water is the same.
void take_near(std::optional<NearWater>& known, const std::optional<NearWater>& told) {
  const std::optional<NearWater> before = std::move(known);
  known = told;
  if (known && !known->side && before && before->name == known->name) known->side = before->side;
}

/// What is known of the waters once these facts are: of a role whose layers said nothing, what was known before.
std::optional<WaterFacts> waters(const std::optional<WaterFacts>& known, const ContextFacts& facts) {
  WaterFacts both = known.value_or(WaterFacts{});
  const WaterFacts told = facts.context.water.value_or(WaterFacts{});
  const bool any = is_told(facts, "surface_water") || is_told(facts, "spring") || is_told(facts, "well");
  if (!any && !facts.context.water) return known;
  if (is_told(facts, "surface_water")) take_near(both.surface, told.surface);
  if (is_told(facts, "spring")) take_near(both.spring, told.spring);
  if (is_told(facts, "well")) take_near(both.well, told.well);
  take(both.flow, told.flow);
  take(both.surface_risk, told.surface_risk);
  take(both.ground_risk, told.ground_risk);
  if (told.worked_out != Instant{}) both.worked_out = told.worked_out;
  return both;
}

/// What the alert is to know of a subject, as a row: its columns.
RegisteredFact summary_of(const std::string& alert_id, const std::string& subject, const AlertContext& context) {
  Alert alert;
  alert.context = context;
  RegisteredFact fact;
  fact.alert_id = alert_id;
  fact.detail.subject = subject;
  fact.columns = context_json(alert, subject);
  return fact;
}

/// One alert's facts on their way into the register.
class AlertFacts {
 public:
  AlertFacts(RecordedAlert& alert, const ContextFacts& facts, const Newest& newest, Instant now)
      : alert_(alert), facts_(facts), newest_(newest), now_(now), told_(facts.context) {
    told_.water = waters(alert.outlined.alert.context.water, facts);
  }

  void take_in(Rows& added) {
    summarise();
    for (const ContextDetail& detail : facts_.details) {
      RegisteredFact& fact = rows_[detail.subject].emplace_back();
      fact.alert_id = facts_.alert_id;
      fact.detail = detail;
    }
    AlertContext& context = alert_.outlined.alert.context;
    set("licence", context.licence, told_.licence);
    set("parcel", context.parcel, told_.parcel);
    set("protected_area", context.protected_area, told_.protected_area);
    set("water", context.water, told_.water);
    take(context.site_share, told_.site_share);
    for (auto& [subject, rows] : rows_) {
      if (!is_new(subject)) continue;
      for (RegisteredFact& fact : rows) {
        fact.worked_out = fact.recorded_at = now_;
        added.push_back(std::move(fact));
      }
    }
  }

 private:
  void summarise() {
    const auto add = [&](const char* subject, bool is_known) {
      if (is_known) rows_[subject].push_back(summary_of(facts_.alert_id, subject, told_));
    };
    add("licence", told_.licence.has_value());
    add("parcel", told_.parcel.has_value());
    add("protected_area", told_.protected_area.has_value());
    add("site", told_.site_share.has_value());
    add("water", told_.water.has_value());
  }

  bool is_new(const std::string& subject) const {
    return !same_facts(newest_.of(facts_.alert_id, subject), rows_.at(subject));
  }

  template <typename Facts>
  void set(const char* subject, std::optional<Facts>& known, const std::optional<Facts>& told) {
    if (!told) return;
    known = told;
    known->worked_out = is_new(subject) ? now_ : newest_.of(facts_.alert_id, subject).front().worked_out;
  }

  RecordedAlert& alert_;
  const ContextFacts& facts_;
  const Newest& newest_;
  Instant now_;
  AlertContext told_;
  BySubject rows_;
};

}  // namespace

std::vector<RegisteredFact> apply_context(RegisterRecord& record, std::span<const RegisteredFact> known,
                                          std::span<const ContextFacts> facts, Instant now) {
  const Newest newest(known);
  Rows added;
  for (const ContextFacts& of_alert : facts) {
    RecordedAlert* const alert = record.find(of_alert.alert_id);
    if (alert != nullptr) AlertFacts(*alert, of_alert, newest, now).take_in(added);
  }
  return added;
}

std::vector<RegisteredLayer> new_layers(std::span<const RegisteredLayer> known,
                                        std::span<const ContextLayerState> layers, Instant now) {
  std::map<std::string, TableRow> newest;
  for (const RegisteredLayer& each : known) newest[each.layer.name] = row_of(RegisteredLayer{each.layer, now});
  std::vector<RegisteredLayer> added;
  for (const ContextLayerState& layer : layers) {
    RegisteredLayer each{layer, now};
    const auto found = newest.find(layer.name);
    if (found == newest.end() || !(found->second == row_of(each))) added.push_back(std::move(each));
  }
  return added;
}

}  // namespace pitwatch
