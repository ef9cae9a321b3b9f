#include "pipeline/watch/ground_judge.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/core/error.hpp"
#include "pipeline/polygons/measure.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/incident_story.hpp"

namespace pitwatch {
namespace {

TrackerOptions tracker_options(const WatchThresholds& thresholds, const Grid& grid) {
  TrackerOptions options = thresholds.incidents;
  options.min_pixels = min_pixels(thresholds.min_area_ha, grid);
  return options;
}

MonitorOptions monitor_options(const WatchThresholds& thresholds, const Grid& grid) {
  MonitorOptions options = thresholds.monitor;
  options.pixel_size_m = grid.pixel_size_m;
  return options;
}

/// Without an annual harmonic, whatever the seasons do is an alert.
std::vector<std::string> doubts_of(const MonitorState& monitor) {
  constexpr double many = 0.2;
  std::size_t judged = 0;
  std::size_t flat = 0;
  for (std::size_t i = 0; i < monitor.pixels(); ++i) {
    if (monitor.status[i] == PixelStatus::not_judged) continue;
    ++judged;
    flat += *monitor.models.byte_row(monitor.models.harmonics_byte(), i) == 0 ? 1 : 0;
  }
  const std::size_t pixels = monitor.pixels();
  const auto percent = [pixels](std::size_t part) { return std::to_string(100 * part / pixels) + " %"; };
  const auto of_all = [pixels](double share) { return share * static_cast<double>(pixels); };
  std::vector<std::string> doubts;
  if (static_cast<double>(pixels - judged) > of_all(many)) {
    doubts.push_back("its history shows " + percent(pixels - judged) + " of it too seldom to judge it at all");
  }
  if (static_cast<double>(flat) > of_all(many)) {
    doubts.push_back("its history has too few clear acquisitions for seasons in " + percent(flat) +
                     " of it: expect alerts for what only comes with the year, or learn for longer");
  }
  return doubts;
}

/// Whether something is open at a pixel.
bool is_open(PixelStatus status) {
  return status == PixelStatus::provisional || status == PixelStatus::confirmed || status == PixelStatus::recovering;
}

}  // namespace

bool shows_disturbance(const Observation& newest, const SiteState& state, std::size_t pixel) {
  const auto now = static_cast<ObservationNumber>(state.monitor.observations.size()) - 1;
  return is_open(newest.status[pixel]) && state.monitor.history[pixel].last_detected == now;
}

GroundJudge::GroundJudge(const std::string& place, const Grid& grid, const WatchThresholds& thresholds)
    : grid_(grid),
      monitor_(monitor_options(thresholds, grid)),
      course_(thresholds.course),
      tracker_(place, grid, tracker_options(thresholds, grid)) {}

void GroundJudge::extract(const ObservationPlanes& planes, ObservationFeatures& features) const {
  extract_features(planes, monitor_, features, in_rows);
}

std::vector<std::string> GroundJudge::learn_from(ObservationStack history, SiteState& state) const {
  if (history.observations() == 0) {
    const auto skipped =
        std::find_if(state.acquisitions.begin(), state.acquisitions.end(),
                     [](const AcquisitionRecord& acquisition) { return !acquisition.skipped.empty(); });
    throw DataError("no usable acquisition before " + format_day(state.learn_until) +
                    (skipped != state.acquisitions.end() ? ": " + skipped->skipped : ""));
  }
  state.monitor = learn(std::move(history), monitor_, in_rows);
  return doubts_of(state.monitor);
}

const Observation& GroundJudge::judge(const AcquisitionRecord& record, const ObservationPlanes& planes,
                                      const ObservationFeatures& features, SiteState& state) {
  observe(state.monitor, features, monitor_, observation_, in_rows);
  draw_ground(state);
  remember_undisturbed(state, planes, observation_, in_rows);
  update_incidents(record, planes, state);
  return observation_;
}

void GroundJudge::draw_ground(const SiteState& state) {
  const int width = grid_.width;
  const int height = grid_.height;
  for (Plane<std::uint8_t>* plane : {&probability_, &status_, &clear_, &detected_}) plane->reshape(width, height);
  in_rows(height, [&](int begin, int end) {
    for (int y = begin; y < end; ++y) {
      for (int x = 0; x < width; ++x) {
        const auto i = static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
        const PixelStatus status = observation_.status[i];
        const bool open = is_open(status);
        const float certain = std::clamp(observation_.probability[i], 0.5F, 1.0F);
        probability_.at(x, y) = open ? static_cast<std::uint8_t>(std::lround(certain * score_max)) : std::uint8_t{0};
        status_.at(x, y) = static_cast<std::uint8_t>(status == PixelStatus::confirmed    ? AlertStatus::confirmed
                                                     : status == PixelStatus::recovering ? AlertStatus::recovering
                                                                                         : AlertStatus::provisional);
        clear_.at(x, y) = counts(observation_.use[i]) ? 1 : 0;
        detected_.at(x, y) = shows_disturbance(observation_, state, i) ? 1 : 0;
      }
    }
  });
}

void GroundJudge::update_incidents(const AcquisitionRecord& record, const ObservationPlanes& planes, SiteState& state) {
  const Instant when = record.acquired;
  tracker_.update(state.incidents, {when, std::as_const(probability_).view(), std::as_const(status_).view(),
                                    std::as_const(clear_).view(), std::as_const(detected_).view()});
  for (WatchedIncident& incident : state.incidents) {
    if (incident.last_detected == when) {
      describe(incident, state, planes, record.scene(), std::as_const(detected_).view(), grid_, monitor_);
    }
    if (!incident.evidence || (incident.last_observed != when && incident.closed_on != when)) continue;
    classify(*incident.evidence, course_observation(state, incident, planes, std::as_const(clear_).view(), grid_), when,
             course_);
  }
}

}  // namespace pitwatch
