#include "pipeline/dossier/alert_page.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/core/text.hpp"
#include "pipeline/dossier/context_rows.hpp"
#include "pipeline/dossier/course_plot.hpp"
#include "pipeline/dossier/known_errors.hpp"
#include "pipeline/dossier/pictures.hpp"
#include "pipeline/dossier/reason_texts.hpp"
#include "pipeline/dossier/shell_word.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

std::string key(std::string_view prefix, std::string_view name) { return std::string(prefix) + std::string(name); }

std::string joined(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += (all.empty() ? "" : ", ") + item;
  return all;
}

/// A misfit of the record: the file that it is about, and what is wrong with it.
std::string misfit_text(const std::string& misfit, const Texts& texts) {
  const std::size_t end = misfit.find(": ");
  if (!misfit.starts_with("runs/") || end == std::string::npos) return reason_text(misfit, texts);
  return misfit.substr(0, end + 2) + reason_text(misfit.substr(end + 2), texts);
}

int days_between(Instant from, Instant to) {
  return static_cast<int>(std::chrono::round<std::chrono::days>(to - from).count());
}

std::string share_text(const std::optional<double>& share, const Texts& texts) {
  return share ? texts.percent(*share) : "";
}

std::string number_text(const std::optional<double>& value, int decimals, const Texts& texts) {
  return value ? texts.number(*value, decimals) : texts("not_on_record");
}

// ---- summary

std::string summary_text(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  return texts("summary", {{"site", alert.site.value_or(texts("unknown"))},
                           {"place", place_text(dossier.middle, texts)},
                           {"what", texts(key("class_", name(alert.change_class)))},
                           {"area", texts.hectares(alert.area_ha)},
                           {"uncertainty", texts.hectares(alert.area_uncertainty_ha)},
                           {"last_detected", texts.day(alert.last_detected)},
                           {"onset_after", texts.day(alert.onset_after)},
                           {"onset_before", texts.day(alert.onset_before)},
                           {"first_detected", texts.day(alert.first_detected)},
                           {"status", texts(key("status_", name(alert.status)))},
                           {"confidence", texts.percent(alert.confidence)}});
}

ordered_json warnings(const AlertDossier& dossier, const DossierRecord& record, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  ordered_json list = ordered_json::array();
  if (alert.superseded) {
    list.push_back(texts("summary_superseded",
                         {{"why", texts(key("superseded_", name(alert.superseded->why)))},
                          {"by", alert.superseded->by.empty() ? texts("none") : joined(alert.superseded->by)}}));
  }
  if (alert.review) {
    list.push_back(texts("summary_reviewed", {{"verdict", texts(key("verdict_", name(alert.review->verdict)))},
                                              {"reviewer", alert.review->reviewer},
                                              {"date", texts.day(alert.review->reviewed_at)}}));
  }
  if (!record.misfits.empty()) {
    list.push_back(texts("custody_chain") + ": " +
                   texts("custody_chain_broken", {{"why", misfit_text(record.misfits.front(), texts)}}));
  }
  return list;
}

ordered_json facts(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  ordered_json rows = ordered_json::array();
  const auto add = [&](const char* title, const std::string& value, const std::string& note = {}) {
    rows.push_back({{"name", texts(title)}, {"value", value}, {"note", or_null(note)}});
  };
  add("fact_what", texts(key("class_", name(alert.change_class))),
      alert.class_probability ? texts("column_probability") + ": " + texts.percent(*alert.class_probability) : "");
  add("fact_where", place_text(dossier.middle, texts), texts("method_tile") + ": " + alert.tile);
  add("fact_area", texts("area_with_uncertainty", {{"area", texts.hectares(alert.area_ha)},
                                                   {"uncertainty", texts.hectares(alert.area_uncertainty_ha)}}));
  if (!dossier.events.empty()) add("fact_first_area", texts.hectares(dossier.events.front().area_ha));
  add("fact_began",
      texts("began_between", {{"after", texts.day(alert.onset_after)},
                              {"before", texts.day(alert.onset_before)},
                              {"days", std::to_string(days_between(alert.onset_after, alert.onset_before))}}));
  add("fact_detected", texts.day(alert.first_detected));
  add("fact_confirmed", alert.confirmed_on ? texts.day(*alert.confirmed_on) : texts("confirmed_never"));
  add("fact_last_detected", texts.day(alert.last_detected));
  add("fact_last_observed", texts.day(alert.last_observed));
  add("fact_observations", std::to_string(alert.observations));
  add("fact_status", texts(key("status_", name(alert.status))), texts(key("status_meaning_", name(alert.status))));
  add("fact_confidence", texts.percent(alert.confidence));
  add("fact_natural", alert.natural_probability ? texts.percent(*alert.natural_probability) : texts("not_on_record"));
  add("fact_review", alert.review ? texts(key("verdict_", name(alert.review->verdict))) : texts("review_none"));
  return rows;
}

// ---- pictures

class Pictures {
 public:
  Pictures(const AlertDossier& dossier, const Texts& texts) : dossier_(dossier), texts_(texts) {
    if (dossier.pictures.empty()) return;
    for (const Composite composite : {Composite::true_colour, Composite::short_wave}) {
      stretches_[static_cast<std::size_t>(composite)] = stretch_of(dossier.pictures, composite);
    }
    const Grid& grid = dossier.pictures.front().grid;
    wgs84_ = std::make_unique<ToWgs84>(grid.crs);
    crs_ = grid.crs;
    convergence_deg_ = grid_convergence_deg(grid);
  }

  /// Before, at detection, confirmed and the latest that is clear.
  ordered_json four_dates() {
    ordered_json list = ordered_json::array();
    for (const ChipRole role : {ChipRole::before, ChipRole::detected, ChipRole::confirmed}) {
      const std::optional<std::size_t> i = last_of(role);
      if (!i) continue;
      list.push_back(columns(*i, texts_(key("picture_", name(role))),
                             role == ChipRole::before ? texts_("picture_before_note") : ""));
    }
    const std::optional<std::size_t> latest = newest();
    if (latest && dossier_.chips[*latest].role == ChipRole::seen) {
      list.push_back(columns(*latest, texts_("picture_latest"), ""));
    }
    return list;
  }

  ordered_json strip() {
    ordered_json list = ordered_json::array();
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < dossier_.chips.size(); ++i) {
      const auto is_same = [&](std::size_t other) {
        return dossier_.chips[other].acquired == dossier_.chips[i].acquired &&
               dossier_.chips[other].role != ChipRole::before;
      };
      if (std::none_of(order.begin(), order.end(), is_same)) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return dossier_.chips[a].acquired < dossier_.chips[b].acquired;
    });
    for (const std::size_t i : order) {
      for (const DossierGap& gap : dossier_.gaps) {
        if (gap.to == dossier_.chips[i].acquired && dossier_.chips[i].role != ChipRole::before) add_gap(gap, list);
      }
      const KeptChip& chip = dossier_.chips[i];
      list.push_back({{"gap", nullptr},
                      {"frame",
                       {{"true_colour", svg(i, Composite::true_colour)},
                        {"date", texts_.short_day(chip.acquired)},
                        {"role", texts_(key("picture_", name(chip.role)))}}}});
    }
    return list;
  }

 private:
  std::optional<std::size_t> last_of(ChipRole role) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < dossier_.chips.size(); ++i) {
      if (dossier_.chips[i].role == role) found = i;
    }
    return found;
  }

  std::optional<std::size_t> newest() const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < dossier_.chips.size(); ++i) {
      if (!found || dossier_.chips[i].acquired >= dossier_.chips[*found].acquired) found = i;
    }
    return found;
  }

  std::string svg(std::size_t i, Composite composite) {
    const Chip& chip = dossier_.pictures[i];
    const KeptChip& kept = dossier_.chips[i];
    if (chip.grid.crs != crs_) {
      wgs84_ = std::make_unique<ToWgs84>(chip.grid.crs);
      crs_ = chip.grid.crs;
    }
    PictureLabels labels;
    labels.date = texts_.short_day(kept.acquired);
    labels.acquisition = kept.role == ChipRole::before ? texts_("picture_composed") : kept.acquisition;
    labels.alt = texts_("picture_alt", {{"role", texts_(key("picture_", name(kept.role)))},
                                        {"date", labels.date},
                                        {"composite", texts_(key("composite_", name(composite)))},
                                        {"id", dossier_.outlined.alert.id},
                                        {"width", texts_.number(chip.grid.width * chip.grid.pixel_size_m, 0)},
                                        {"height", texts_.number(chip.grid.height * chip.grid.pixel_size_m, 0)}});
    labels.convergence_deg = convergence_deg_;
    labels.outline = kept.role == ChipRole::before ? nullptr : outline_at(dossier_.events, kept.acquired);
    if (labels.outline == nullptr) {
      labels.is_later = true;
      labels.outline = first_outline();
    }
    return picture_svg(chip, composite, stretches_[static_cast<std::size_t>(composite)], labels, *wgs84_, texts_);
  }

  const LonLatMultiPolygon* first_outline() const {
    for (const RegisteredEvent& event : dossier_.events) {
      if (!event.outline.empty()) return &event.outline;
    }
    return &dossier_.outlined.outline;
  }

  ordered_json columns(std::size_t i, const std::string& role, const std::string& note) {
    return {{"true_colour", svg(i, Composite::true_colour)},
            {"short_wave", svg(i, Composite::short_wave)},
            {"role", role},
            {"date", texts_.day(dossier_.chips[i].acquired)},
            {"note", or_null(note)}};
  }

  std::string gap_text(const DossierGap& gap) const {
    if (gap.acquisitions == 0) return texts_("gap_nothing");
    std::string text = texts_("gap_total", {{"n", std::to_string(gap.acquisitions)}});
    const auto add = [&](const char* what, int count) {
      if (count > 0) text += "; " + texts_(what, {{"n", std::to_string(count)}});
    };
    add("gap_thinned", gap.thinned);
    add("gap_masked", gap.masked);
    add("gap_skipped", gap.skipped);
    add("gap_unknown", gap.unknown);
    return text + ".";
  }

  std::string reasons_text(const std::vector<std::string>& reasons) const {
    std::vector<std::string> all;
    for (const std::string& why : reasons) all.push_back(reason_text(why, texts_));
    return texts_("gap_reasons") + " " + joined(all);
  }

  void add_gap(const DossierGap& gap, ordered_json& list) const {
    list.push_back({{"frame", nullptr},
                    {"gap",
                     {{"text", texts_("gap_text", {{"days", std::to_string(gap.days)},
                                                   {"from", texts_.short_day(gap.from)},
                                                   {"to", texts_.short_day(gap.to)}})},
                      {"counts", gap_text(gap)},
                      {"reasons", gap.reasons.empty() ? ordered_json() : ordered_json(reasons_text(gap.reasons))}}}});
  }

  const AlertDossier& dossier_;
  const Texts& texts_;
  std::array<Stretch, composite_names.size()> stretches_;
  std::unique_ptr<ToWgs84> wgs84_;
  std::string crs_;
  double convergence_deg_ = 0;
};

ordered_json picture_notes(const AlertDossier& dossier, const Texts& texts) {
  ordered_json list = ordered_json::array();
  if (!dossier.pictures.empty() && !dossier.outlined.alert.confirmed_on) list.push_back(texts("no_confirmed_picture"));
  if (!dossier.missing.empty()) {
    list.push_back(texts("pictures_missing", {{"names", names_text(dossier.missing)}}));
  }
  for (const auto& [path, why] : dossier.unreadable) {
    // The folder of the state is nobody's business who reads this.
    const std::string reason = why.starts_with(path + ": ") ? why.substr(path.size() + 2) : why;
    list.push_back(texts("picture_broken", {{"name", std::filesystem::path(path).filename().string()},
                                            {"why", reason_text(reason, texts)}}));
  }
  return list;
}

// ---- data

std::string showed_text(const DossierAcquisition& row, const Texts& texts) {
  const auto with_reason = [&](const char* what, const std::string& why) {
    return texts(what) + (why.empty() ? "" : ": " + reason_text(why, texts));
  };
  switch (row.part) {
    case AcquisitionRole::undisturbed:
      return texts("showed_undisturbed");
    case AcquisitionRole::onset:
      return texts("showed_onset");
    case AcquisitionRole::detected:
      return texts(row.is_onset ? "showed_onset_detected" : "showed_detected");
    case AcquisitionRole::confirmed:
      return texts("showed_confirmed");
    case AcquisitionRole::hidden:
      if (row.recorded.is_skipped) return with_reason("showed_skipped", row.recorded.reason);
      return texts("showed_hidden");
    case AcquisitionRole::other:
      break;
  }
  if (row.observed) {
    const ObservedAlert& seen = *row.observed;
    if (seen.use == AlertSeen::skipped) return with_reason("showed_skipped", seen.why);
    if (seen.use == AlertSeen::masked) return with_reason("showed_masked", seen.why);
    return texts(seen.detected_share > 0 ? "showed_clear_disturbed" : "showed_clear_undisturbed");
  }
  if (row.recorded.is_skipped) return with_reason("showed_skipped", row.recorded.reason);
  return texts(row.is_evidence ? "showed_evidence" : "showed_unknown");
}

ordered_json acquisition_rows(const AlertDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const DossierAcquisition& row : dossier.acquisitions) {
    const bool is_key = row.part != AcquisitionRole::hidden && row.part != AcquisitionRole::other;
    const bool was_clear = row.observed && row.observed->use != AlertSeen::skipped;
    rows.push_back({{"key", is_key},
                    {"acquired", texts.time(row.recorded.acquired)},
                    {"showed", showed_text(row, texts)},
                    {"clear_alert", was_clear ? texts.percent(row.observed->clear_share) : ""},
                    {"detected", was_clear ? texts.percent(row.observed->detected_share) : ""},
                    {"clear_site", share_text(row.recorded.clear_share, texts)},
                    {"scene", joined(row.recorded.scenes)}});
  }
  return rows;
}

ordered_json scene_rows(const Alert& alert, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const std::string& scene : alert.scenes_before)
    rows.push_back({{"role", texts("role_before")}, {"scene", scene}});
  for (const std::string& scene : alert.scenes_after) rows.push_back({{"role", texts("role_after")}, {"scene", scene}});
  return rows;
}

// ---- custody and verification

ordered_json manifest_rows(const AlertDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const RecordedManifest* manifest : dossier.manifests) {
    rows.push_back({{"name", manifest->name},
                    {"command", manifest->command},
                    {"version", manifest->program_version},
                    {"sealed", texts(manifest->is_signed ? "yes" : "no") + " / " +
                                   texts(manifest->is_time_stamped ? "yes" : "no")},
                    {"sha256", manifest->sha256}});
  }
  return rows;
}

/// The middle of the box of the first outline's first part.
LonLat first_place(const AlertDossier& dossier) {
  const LonLatMultiPolygon* outline = &dossier.outlined.outline;
  for (auto event = dossier.events.rbegin(); event != dossier.events.rend(); ++event) {
    if (!event->outline.empty()) outline = &event->outline;
  }
  const LonLatRing& ring = outline->front().outer;
  const auto [west, east] =
      std::minmax_element(ring.begin(), ring.end(), [](LonLat a, LonLat b) { return a.lon < b.lon; });
  const auto [south, north] =
      std::minmax_element(ring.begin(), ring.end(), [](LonLat a, LonLat b) { return a.lat < b.lat; });
  return {(west->lon + east->lon) / 2, (south->lat + north->lat) / 2};
}

ordered_json command_rows(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  ordered_json rows = ordered_json::array();
  const auto add = [&](const char* what, const std::string& command) {
    rows.push_back({{"what", texts(what)}, {"command", command}});
  };
  add("verify_record", "pitwatch verify STATE");
  add("verify_derive", "pitwatch verify STATE --derive --alert " + shell_word(alert.id));
  const std::string options = options_of_run(dossier.manifests, "STATE/runs/");
  add("verify_rerun", "pitwatch rerun --sites SITES --source SCENES" + options + " --from " +
                          format_day(alert.first_detected) + " --to " +
                          format_day(dossier.newest_acquisition.value_or(alert.last_observed)) + " --out DIR");
  const LonLat place = first_place(dossier);
  add("verify_inspect", "pitwatch inspect --at " + fixed_text(place.lon, 6) + "," + fixed_text(place.lat, 6) +
                            " --sites SITES --source SCENES" + options);
  add("verify_bundle",
      "pitwatch evidence " + shell_word(alert.id) + " --state STATE --out FILE.zip && pitwatch verify FILE.zip");
  return rows;
}

/// What is not known of the ground since it was last looked at. An alert that has ended is not followed any more.
ordered_json unseen_text(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  if (alert.status == AlertStatus::closed) {
    const auto is_closing = [](const RegisteredEvent& event) { return event.kind == AlertEventKind::closed; };
    const auto closed = std::find_if(dossier.events.rbegin(), dossier.events.rend(), is_closing);
    return closed == dossier.events.rend() ? ordered_json()
                                           : ordered_json(texts("limits_closed", {{"date", texts.day(closed->at)}}));
  }
  if (alert.status == AlertStatus::superseded || !dossier.newest_acquisition) return {};
  const int unseen = days_between(alert.last_observed, *dossier.newest_acquisition);
  if (unseen < 1) return {};
  return texts("limits_unseen", {{"date", texts.day(alert.last_observed)}, {"days", std::to_string(unseen)}});
}

ordered_json review_rows(const AlertDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const RegisteredReview& each : dossier.reviews) {
    const bool is_of_other = each.alert_id != dossier.outlined.alert.id;
    rows.push_back({{"reviewed", texts.time(each.review.reviewed_at)},
                    {"verdict", texts(key("verdict_", name(each.review.verdict)))},
                    {"of", is_of_other ? ordered_json(texts("review_of", {{"id", each.alert_id}})) : ordered_json()},
                    {"reviewer", or_null(each.review.reviewer)},
                    {"reason", or_null(each.review.reason)},
                    {"recorded", each.recorded_at ? texts.time(*each.recorded_at) : texts("unknown")}});
  }
  return rows;
}

// ---- analysis

ordered_json event_rows(const AlertDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const RegisteredEvent& event : dossier.events) {
    rows.push_back({{"at", texts.short_day(event.at)},
                    {"event", texts(key("event_", name(event.kind)))},
                    {"area", texts.number(event.area_ha, 2)},
                    {"status", event.status ? texts(key("status_", name(*event.status))) : texts("not_on_record")},
                    {"class", texts(key("class_", name(event.change_class)))},
                    {"confidence", number_text(event.confidence, 2, texts)},
                    {"natural", number_text(event.natural_probability, 2, texts)},
                    {"recorded", event.recorded_at ? texts.short_day(*event.recorded_at) : texts("not_on_record")}});
  }
  return rows;
}

std::string size_text(const KnownDetection& size, const Texts& texts) {
  const auto number = [&](double hectares) {
    return texts.number(hectares, hectares == std::round(hectares) ? 0 : hectares < .1 || hectares == .25 ? 2 : 1);
  };
  if (size.from_ha == 0) return texts("size_under", {{"to", number(size.to_ha)}});
  if (size.to_ha == 0) return texts("size_over", {{"from", number(size.from_ha)}});
  return texts("size_between", {{"from", number(size.from_ha)}, {"to", number(size.to_ha)}});
}

std::string bias_text(const Alert& alert, const Texts& texts) {
  const KnownDetection& size = known_detection(alert.area_ha);
  return texts("area_bias",
               {{"bias", texts("bias_text", {{"size", size_text(size, texts)},
                                             {"percent", texts.percent(std::abs(size.area_bias))},
                                             {"direction", texts(size.area_bias > 0 ? "bias_more" : "bias_less")}})}});
}

/// When a kind was what the alert was reported as, and with which probability at most.
ordered_json alternative(const AlertDossier& dossier, ChangeClass change_class, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  std::string when = texts("alternative_never");
  std::optional<double> probability;
  const RegisteredEvent* newest = nullptr;
  for (std::size_t i = 0; i < dossier.events.size(); ++i) {
    const RegisteredEvent& event = dossier.events[i];
    if (event.change_class == change_class && (i == 0 || dossier.events[i - 1].change_class != change_class)) {
      newest = &event;
    }
  }
  if (newest != nullptr) {
    when = texts("alternative_was", {{"date", texts.short_day(newest->at)}});
    probability = newest->class_probability;
  }
  const bool is_now = alert.change_class == change_class;
  if (is_now) {
    when = texts("alternative_reported") + (newest != nullptr ? ", " + when : "");
    probability = alert.class_probability;
  } else if (alert.class_probabilities) {
    probability = (*alert.class_probabilities)[static_cast<std::size_t>(change_class) - 1];
  }
  return {{"key", is_now},
          {"what", texts(key("class_", name(change_class)))},
          {"probability", number_text(probability, 2, texts)},
          {"when", when}};
}

ordered_json alternatives(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  ordered_json rows = ordered_json::array();
  rows.push_back({{"key", false},
                  {"what", texts("alternative_people")},
                  {"probability", texts.number(alert.confidence, 2)},
                  {"when", texts.short_day(alert.last_observed)}});
  rows.push_back({{"key", false},
                  {"what", texts("alternative_natural")},
                  {"probability", number_text(alert.natural_probability, 2, texts)},
                  {"when", texts.short_day(alert.last_observed)}});
  for (const ChangeClassName& one : change_class_names) {
    if (one.change_class == ChangeClass::unknown && alert.change_class != ChangeClass::unknown) continue;
    rows.push_back(alternative(dossier, one.change_class, texts));
  }
  rows.push_back({{"key", false},
                  {"what", texts("alternative_shadow")},
                  {"probability", texts("not_on_record")},
                  {"when", texts("alternative_shadow_text")}});
  return rows;
}

ordered_json change_rows(const Alert& alert, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const auto& [index, change] : alert.change) {
    rows.push_back({{"index", index}, {"change", texts.number(change, 3)}});
  }
  return rows;
}

void add_errors(const Alert& alert, const Texts& texts, ordered_json& page) {
  const KnownOnRealImages& now = known_on_real_images;
  const std::string of_now = texts("errors_now", {{"series", std::to_string(now.series)},
                                                  {"events", std::to_string(now.events)},
                                                  {"found", texts.percent(now.found, 1)},
                                                  {"found_confirmed", texts.percent(now.confirmed, 1)},
                                                  {"false", texts.number(now.false_any, 1)},
                                                  {"false_confirmed", texts.number(now.false_confirmed, 1)}});
  page["errors_about"] = texts("errors_about", {{"source", known_errors_source}, {"now", of_now}});
  const auto marked = [&](bool is_this, const std::string& text) {
    return is_this ? text + " (" + texts("errors_this_row") + ")" : text;
  };
  ordered_json sizes = ordered_json::array();
  for (const KnownDetection& size : known_detections()) {
    const bool is_this = &size == &known_detection(alert.area_ha);
    sizes.push_back({{"key", is_this},
                     {"size", marked(is_this, size_text(size, texts))},
                     {"cases", std::to_string(size.events)},
                     {"found", texts.percent(size.found)},
                     {"confirmed", texts.percent(size.confirmed)},
                     {"days", std::to_string(size.median_days)}});
  }
  page["errors_size"] = std::move(sizes);
  ordered_json alerts = ordered_json::array();
  for (const KnownAlerts& known : known_alerts) {
    const bool is_this = known.confirmed == alert.confirmed_on.has_value();
    alerts.push_back({{"key", is_this},
                      {"status", marked(is_this, texts(known.confirmed ? "errors_confirmed" : "errors_any"))},
                      {"alerts", std::to_string(known.alerts)},
                      {"disturbance", std::to_string(known.disturbance)},
                      {"natural", std::to_string(known.natural)},
                      {"decoy", std::to_string(known.decoy)},
                      {"nothing", std::to_string(known.nothing)},
                      {"rate", texts.number(known.false_per_100_km2_year, 0)}});
  }
  page["errors_alert"] = std::move(alerts);
  ordered_json kinds = ordered_json::array();
  for (const KnownKind& known : known_kinds) {
    const bool is_this = known.change_class == alert.change_class;
    kinds.push_back({{"key", is_this},
                     {"kind", marked(is_this, texts(key("class_", name(known.change_class))))},
                     {"cases", std::to_string(known.cases)},
                     {"right", texts.percent(known.right)}});
  }
  page["errors_kind"] = std::move(kinds);
}

// ---- context, limits, annex

ordered_json layer_rows(const DossierRecord& record, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const RegisteredLayer& each : record.layers) {
    rows.push_back({{"name", or_null(each.layer.name)},
                    {"role", subject_text(each.layer.role, texts)},
                    {"features", std::to_string(each.layer.used) + " / " + std::to_string(each.layer.features)},
                    {"recorded", texts.short_day(each.recorded_at)},
                    {"problem", reason_text(each.layer.problem, texts)},
                    {"sha256", or_null(each.layer.sha256)}});
  }
  return rows;
}

ordered_json vertex_rows(const AlertDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const DossierVertex& vertex : dossier.vertices) {
    rows.push_back({{"part", std::to_string(vertex.part)},
                    {"ring", std::to_string(vertex.ring)},
                    {"number", std::to_string(vertex.number)},
                    {"latitude", texts.number(vertex.place.lat, 7)},
                    {"longitude", texts.number(vertex.place.lon, 7)},
                    {"easting", texts.number(vertex.map.x, 1)},
                    {"northing", texts.number(vertex.map.y, 1)}});
  }
  return rows;
}

ordered_json section_links(const Texts& texts) {
  ordered_json list = ordered_json::array();
  for (const char* section :
       {"objective", "method", "data", "custody", "verification", "analysis", "context", "limits", "annex"}) {
    list.push_back({{"id", section}, {"name", texts(key("section_", section))}});
  }
  return list;
}

void add_pictures(const AlertDossier& dossier, const Texts& texts, ordered_json& page) {
  Pictures pictures(dossier, texts);
  page["has_pictures"] = !dossier.pictures.empty();
  page["pictures"] = dossier.pictures.empty() ? ordered_json::array() : pictures.four_dates();
  page["picture_notes"] = picture_notes(dossier, texts);
  page["has_strip"] = dossier.pictures.size() > 1;
  page["strip"] = dossier.pictures.size() > 1 ? pictures.strip() : ordered_json::array();
  page["strip_about"] = texts("strip_about", {{"days", std::to_string(gap_days)}});
}

void add_data(const AlertDossier& dossier, const Texts& texts, ordered_json& page) {
  const Alert& alert = dossier.outlined.alert;
  page["data_intro"] = texts(alert.confirmed_on ? "data_intro" : "data_intro_open");
  page["data_bracket"] =
      texts("data_bracket", {{"after", texts.time(alert.onset_after)}, {"before", texts.time(alert.onset_before)}});
  page["has_acquisitions"] = !dossier.acquisitions.empty();
  page["acquisitions"] = acquisition_rows(dossier, texts);
  page["acquisitions_more"] =
      dossier.acquisitions_more == 0
          ? ordered_json()
          : ordered_json(texts("rows_left_out", {{"n", std::to_string(dossier.acquisitions_more)}}));
  page["scenes"] = scene_rows(alert, texts);
}

void add_analysis(const AlertDossier& dossier, const Texts& texts, ordered_json& page) {
  const Alert& alert = dossier.outlined.alert;
  page["plot"] = inline_svg(drawing_of(course_plot(dossier, texts)), texts("plot_alt", {{"id", alert.id}}));
  page["plot_about"] = texts(dossier.observed.empty() ? "plot_none" : "plot_about");
  page["revisions"] = dossier.revisions < 2
                          ? ordered_json()
                          : ordered_json(texts("growth_revisions", {{"n", std::to_string(dossier.revisions - 1)}}));
  page["events"] = event_rows(dossier, texts);
  page["area_text"] = texts("area_text", {{"area", texts.number(alert.area_ha, 2)},
                                          {"uncertainty", texts.number(alert.area_uncertainty_ha, 2)}});
  page["area_bias"] = bias_text(alert, texts);
  page["alternatives"] = alternatives(dossier, texts);
  page["changes"] = change_rows(alert, texts);
  page["has_changes"] = !alert.change.empty();
  add_errors(alert, texts, page);
}

}  // namespace

std::string place_text(LonLat place, const Texts& texts) {
  const auto part = [&](double degrees, const char* positive, const char* negative) {
    return texts.number(std::abs(degrees), 5) + "° " + (degrees < 0 ? negative : positive);
  };
  return part(place.lat, "N", "S") + (texts("decimal_mark") == "," ? "; " : ", ") + part(place.lon, "E", "W");
}

std::string as_of_text(const DossierRecord& record, std::optional<Instant> newest, const Texts& texts) {
  const RecordedManifest* manifest = newest_manifest(record);
  if (manifest == nullptr) return texts("record_as_of_unknown");
  const std::string& by = manifest->command;
  const bool is_run = by == "run" || by == "merge";
  const bool is_known = by == "review" || by == "context" || by == "prune";
  return texts(is_run ? "record_as_of" : "record_as_of_" + (is_known ? by : "other"),
               {{"started", texts.time(manifest->started)},
                {"manifest", manifest->name},
                {"newest", newest ? texts.day(*newest) : texts("unknown")}});
}

ordered_json custody_facts(const DossierRecord& record, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  const auto add = [&](const char* title, const std::string& value, bool is_hash = false) {
    rows.push_back({{"name", texts(title)}, {"value", value}, {"is_hash", is_hash}});
  };
  const RecordedManifest* newest = newest_manifest(record);
  add("custody_head", newest == nullptr ? texts("unknown") : newest->name);
  if (newest != nullptr) add("custody_head_hash", newest->sha256, true);
  add("custody_count", std::to_string(record.manifests.size()));
  if (record.manifests.empty()) return rows;
  add("custody_chain", record.misfits.empty()
                           ? texts("custody_chain_whole")
                           : texts("custody_chain_broken", {{"why", misfit_text(record.misfits.front(), texts)}}));
  if (newest == nullptr) return rows;
  const auto at = newest->stamped_at;
  add("custody_signed", !newest->is_signed          ? texts("custody_unsealed")
                        : newest->signed_by.empty() ? texts("custody_seal_broken")
                                                    : texts("custody_signed_by", {{"who", newest->signed_by}}));
  add("custody_stamped", !newest->is_time_stamped ? texts("custody_unsealed")
                         : !at                    ? texts("custody_seal_broken")
                               : texts("custody_stamped_by", {{"who", newest->stamped_by}, {"time", texts.time(*at)}}));
  return rows;
}

ordered_json alert_page(const AlertDossier& dossier, const DossierRecord& record, const Texts& texts, bool has_index) {
  const Alert& alert = dossier.outlined.alert;
  ordered_json page;
  page["title"] = texts("title_alert", {{"id", alert.id}, {"site", alert.site.value_or(texts("unknown"))}});
  page["index"] = has_index;
  page["as_of"] = as_of_text(record, dossier.newest_acquisition, texts);
  page["summary"] = summary_text(dossier, texts);
  page["warnings"] = warnings(dossier, record, texts);
  page["facts"] = facts(dossier, texts);
  page["sections"] = section_links(texts);
  page["objective"] = texts("objective_text", {{"id", alert.id}});
  page["method_facts"] = {{{"name", texts("method_algorithm")}, {"value", alert.algorithm}},
                          {{"name", texts("method_tile")}, {"value", alert.tile}}};
  add_pictures(dossier, texts, page);
  add_data(dossier, texts, page);
  page["custody"] = custody_facts(record, texts);
  page["has_manifests"] = !dossier.manifests.empty();
  page["manifests"] = manifest_rows(dossier, texts);
  page["commands"] = command_rows(dossier, texts);
  page["has_reviews"] = !dossier.reviews.empty();
  page["reviews"] = review_rows(dossier, texts);
  add_analysis(dossier, texts, page);
  page["context"] = context_facts(dossier, texts);
  page["has_context"] = !page["context"].empty() || !dossier.facts.empty();
  page["context_rows"] = context_rows(dossier, texts);
  page["has_layers"] = !record.layers.empty();
  page["layers"] = layer_rows(record, texts);
  page["unseen"] = unseen_text(dossier, texts);
  page["annex_caption"] = texts("annex_caption", {{"crs", "UTM (" + dossier.crs + ")"}});
  page["vertices"] = vertex_rows(dossier, texts);
  page["annex_more"] = dossier.vertices_more == 0
                           ? ordered_json()
                           : ordered_json(texts("annex_more", {{"n", std::to_string(dossier.vertices_more)}}));
  return page;
}

}  // namespace pitwatch
