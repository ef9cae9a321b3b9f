#include "pipeline/account/remediation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace pitwatch {
namespace {

constexpr double sigma_95 = 1.96;
constexpr double median_efficiency = 1.253;  // standard error of a median by that of a mean, of normal values
constexpr double sigma_per_mad = 1.4826;
constexpr std::size_t newest_count = 5;
constexpr std::size_t least_observations = 6;
constexpr double least_span_days = 183;
constexpr double days_per_year = 365.25;
constexpr double half_back = 0.5;
constexpr double as_before_sigma = 1.5;  // root mean square distance of ground that is as it was

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double years_between(Instant from, Instant to) {
  return std::chrono::duration<double, std::ratio<86400>>(to - from).count() / days_per_year;
}

template <typename Value>
std::vector<double> newest(std::span<const GroundSeen> seen, const Value& value) {
  std::vector<double> values;
  for (std::size_t i = seen.size() - std::min(seen.size(), newest_count); i < seen.size(); ++i) {
    values.push_back(value(seen[i]));
  }
  return values;
}

BoundedFigure share_now(const std::vector<double>& shares) {
  const std::vector<double> last(shares.end() - static_cast<std::ptrdiff_t>(std::min(shares.size(), newest_count)),
                                 shares.end());
  const double middle = median(last);
  std::vector<double> deviations;
  for (const double value : last) deviations.push_back(std::abs(value - middle));
  const double half =
      sigma_95 * median_efficiency * sigma_per_mad * median(deviations) / std::sqrt(static_cast<double>(last.size()));
  return {middle, middle - half, middle + half};
}

void look_ahead(Remediation& result) {
  const double share = result.share->value;
  if (share >= recovered_share) {
    result.outlook = Outlook::reached;
    return;
  }
  if (!result.rate_per_year) return;
  const BoundedFigure& rate = *result.rate_per_year;
  const double left = recovered_share - share;
  if (rate.upper * longest_years < left) {
    result.outlook = Outlook::not_recovering;
  } else if (rate.lower * longest_years >= left) {
    result.outlook = Outlook::expected;
    result.years_to_80 = BoundedFigure{left / rate.value, left / rate.upper, left / rate.lower};
  }
}

GroundState state_of(const Remediation& result, std::span<const GroundSeen> seen, bool was_water,
                     bool was_bare_before) {
  if (median(newest(seen, [](const GroundSeen& one) { return one.mndwi; })) > 0) return GroundState::water;
  if (result.share) {
    const BoundedFigure& share = *result.share;
    if (share.value >= recovered_share && share.lower >= half_back) return GroundState::regrown;
    if (share.value >= half_back || result.outlook == Outlook::expected) return GroundState::regrowing;
  }
  if (was_water) return GroundState::backfilled;
  const double distance = median(newest(seen, [](const GroundSeen& one) { return one.distance; }));
  if (was_bare_before && distance <= as_before_sigma) return GroundState::backfilled;
  return GroundState::bare;
}

}  // namespace

std::optional<BoundedFigure> robust_slope(std::span<const double> x, std::span<const double> y) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = i + 1; j < x.size(); ++j) {
      if (x[i] != x[j]) slopes.push_back((y[j] - y[i]) / (x[j] - x[i]));
    }
  }
  if (slopes.empty()) return std::nullopt;
  std::sort(slopes.begin(), slopes.end());
  const auto n = static_cast<double>(x.size());
  const auto count = static_cast<double>(slopes.size());
  const double reach = sigma_95 * std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
  const auto at = [&](double rank) {  // counted from 1
    return slopes[static_cast<std::size_t>(std::clamp(rank, 1.0, count)) - 1];
  };
  return BoundedFigure{median(slopes), at(std::floor((count - reach) / 2)), at(std::ceil((count + reach) / 2) + 1)};
}

Remediation remediation_of(std::span<const GroundSeen> seen, double bare_ndvi, bool was_water, bool was_bare_before) {
  Remediation result;
  if (seen.empty()) return result;
  result.newest = seen.back().when;
  std::vector<double> years;
  std::vector<double> shares;
  for (const GroundSeen& one : seen) {
    const double green = one.own_ndvi - bare_ndvi;
    if (green < least_green || shows_water(one)) continue;
    years.push_back(years_between(seen.front().when, one.when));
    shares.push_back((one.ndvi - bare_ndvi) / green);
  }
  result.observations = shares.size();
  if (!shares.empty()) {
    result.share = share_now(shares);
    result.span_days = (years.back() - years.front()) * days_per_year;
    if (shares.size() >= least_observations && result.span_days >= least_span_days) {
      result.rate_per_year = robust_slope(years, shares);
    }
    look_ahead(result);
  } else if (was_bare_before) {
    result.outlook = Outlook::not_vegetated;
  }
  result.state = state_of(result, seen, was_water, was_bare_before);
  if (result.state == GroundState::water) {  // what grows on water, or how clear it is, is no recovery
    result.rate_per_year.reset();
    result.years_to_80.reset();
    result.outlook = Outlook::cannot_tell;
  }
  return result;
}

}  // namespace pitwatch
