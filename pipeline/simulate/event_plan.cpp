#include "pipeline/simulate/events.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "pipeline/simulate/noise.hpp"

// Where and when events are drawn, and their shapes.

namespace pitwatch {
namespace {

using std::chrono::days;

constexpr double pixel_ha = 0.01;  // 10 m x 10 m
constexpr int subpixels_per_pixel = subpixels * subpixels;

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : seed_(seed) {}
  float uniform() { return uniform_of(hash_of(seed_, count_++, 1)); }
  float uniform(float from, float to) { return from + (to - from) * uniform(); }
  int below(int count) { return std::min(count - 1, static_cast<int>(uniform() * static_cast<float>(count))); }
  /// As many small as large ones: uniform in the logarithm. By repeated roots, since libm's powers differ by CPU.
  double logarithmic(double from, double to) {
    double factor = to / from;
    double result = from;
    for (int i = 0; i < 12; ++i) {
      factor = std::sqrt(factor);
      if (uniform() < 0.5F) result *= factor;
    }
    return result;
  }

 private:
  std::uint32_t seed_;
  int count_ = 0;
};

// ---- kinds of events ---------------------------------------------------------------------------------------------

template <std::size_t count>
using Surfaces = std::array<Surface, count>;

constexpr Surfaces<8> rocks{Surface::rock_grey,    Surface::rock_pale, Surface::rock_limonitic,
                            Surface::rock_altered, Surface::rock_dark, Surface::scree,
                            Surface::pit,          Surface::dump};
constexpr Surfaces<4> crops{Surface::crop_winter, Surface::crop_summer, Surface::crop_hay, Surface::orchard};
constexpr Surfaces<2> waters{Surface::river, Surface::reservoir};

template <std::size_t count>
bool is_one_of(Surface surface, const Surfaces<count>& surfaces) {
  return std::find(surfaces.begin(), surfaces.end(), surface) != surfaces.end();
}

bool can_be_on(TruthType type, Surface surface) {
  switch (type) {
    case TruthType::pit_in_forest:
      return is_one_of(surface, Surfaces<2>{Surface::forest, Surface::scrub});
    case TruthType::pit_in_grass:
      return is_one_of(surface, Surfaces<2>{Surface::grass, Surface::scrub});
    case TruthType::pit_in_crop:
      return is_one_of(surface, crops);
    case TruthType::pit_deepened:
    case TruthType::pit_backfilled:
      return is_one_of(surface, rocks);
    case TruthType::harvest:
    case TruthType::ploughing:
      return is_one_of(surface, crops) || surface == Surface::grass;
    case TruthType::fire:
      return is_one_of(surface, Surfaces<3>{Surface::grass, Surface::scrub, Surface::forest});
    case TruthType::snow_patch:
      return is_one_of(surface, Surfaces<2>{Surface::grass, Surface::scrub}) || is_one_of(surface, rocks);
    case TruthType::reservoir_drawdown:
      return surface == Surface::reservoir;
    case TruthType::cloud_remnant:
      return true;
    default:
      return !is_one_of(surface, waters) && surface != Surface::village;
  }
}

/// Hectares.
struct Sizes {
  double least;
  double most;
};

Sizes sizes_of(TruthType type) {
  switch (type) {
    case TruthType::access_road:
      return {0.08, 1.5};
    case TruthType::tailings_pond:
      return {0.6, 12};
    case TruthType::waste_dump:
      return {0.1, 12};
    case TruthType::pond:
      return {0.1, 4};
    case TruthType::pit_backfilled:
    case TruthType::pond_backfilled:
      return {0.2, 4};
    case TruthType::alluvial_working:
      return {0.1, 8};
    case TruthType::fire:
    case TruthType::flood:
    case TruthType::reservoir_drawdown:
      return {0.5, 15};
    case TruthType::cloud_remnant:
      return {0.1, 2};
    case TruthType::snow_patch:
    case TruthType::building_site:
      return {0.1, 1.5};
    case TruthType::harvest:
    case TruthType::ploughing:
      return {0.3, 4};
    default:
      return {0.02, 20};
  }
}

struct Course {
  Growth growth = Growth::sudden;
  float growth_days = 0;
  std::optional<float> open_days;  // from complete to end; never where nothing stands here
};

Course course_of(TruthType type, double area_ha, Dice& dice) {
  constexpr std::array growths{Growth::steady, Growth::fast_then_slow, Growth::slow_then_fast, Growth::in_steps};
  const Growth any = growths[static_cast<std::size_t>(dice.below(4))];
  const auto size = static_cast<float>(std::sqrt(area_ha));
  switch (type) {
    case TruthType::pit_in_forest:
    case TruthType::pit_in_grass:
    case TruthType::pit_in_crop:
    case TruthType::pit_deepened:
    case TruthType::waste_dump: {
      Course course{any, dice.uniform(15, 60) + 70 * size * dice.uniform(0.5F, 1.5F), {}};
      if (dice.uniform() < 0.25F) course.open_days = dice.uniform(90, 300);  // closed and replanted
      return course;
    }
    case TruthType::tailings_pond:
      return {Growth::steady, dice.uniform(60, 260), {}};
    case TruthType::pond:
      return {Growth::steady, dice.uniform(2, 60), {}};
    case TruthType::pit_backfilled:
    case TruthType::pond_backfilled:
      return {Growth::steady, dice.uniform(2, 60), dice.uniform(120, 300)};
    case TruthType::alluvial_working:
      return {any, dice.uniform(20, 150), {}};
    case TruthType::access_road:
      return {Growth::steady, dice.uniform(5, 40), {}};
    case TruthType::harvest:
      return {Growth::sudden, 2, dice.uniform(25, 50)};
    case TruthType::ploughing:
      return {Growth::sudden, 2, dice.uniform(50, 110)};
    case TruthType::fire:
      return {Growth::steady, dice.uniform(1, 4), dice.uniform(60, 120)};
    case TruthType::flood:
      return {Growth::sudden, 1, dice.uniform(8, 22)};
    case TruthType::reservoir_drawdown:
      return {Growth::steady, dice.uniform(20, 50), dice.uniform(25, 70)};
    case TruthType::snow_patch:
      return {Growth::sudden, 1, dice.uniform(10, 24)};
    case TruthType::building_site:
      return {Growth::fast_then_slow, dice.uniform(120, 260), {}};
    case TruthType::cloud_remnant:
      return {Growth::sudden, 0, 1.0F};
    default:
      return {Growth::sudden, 1, {}};
  }
}

// ---- shapes -------------------------------------------------------------------------------------------------------

/// A field over subpixels of a window, of which the smallest values make the shape.
struct Field {
  Window window;
  std::vector<float> values;  // of subpixels; a value >= never is outside whatever the area

  static constexpr float never = 1e30F;
  int width() const { return window.width * subpixels; }
  int height() const { return window.height * subpixels; }
};

Field make_field(float x, float y, float reach_px, const Window& within) {
  const int r = static_cast<int>(std::ceil(reach_px)) + 1;
  Field field;
  field.window = intersection(
      {static_cast<int>(std::floor(x)) - r, static_cast<int>(std::floor(y)) - r, 2 * r + 1, 2 * r + 1}, within);
  field.values.assign(static_cast<std::size_t>(field.width()) * static_cast<std::size_t>(field.height()), 0);
  return field;
}

/// Calls body(value, x, y) for every subpixel, at its middle in pixels of the grid.
template <typename Body>
void for_each_subpixel(Field& field, const Body& body) {
  std::size_t i = 0;
  for (int v = 0; v < field.height(); ++v) {
    for (int u = 0; u < field.width(); ++u, ++i) {
      body(field.values[i], static_cast<float>(field.window.x) + (static_cast<float>(u) + 0.5F) / subpixels,
           static_cast<float>(field.window.y) + (static_cast<float>(v) + 0.5F) / subpixels);
    }
  }
}

std::vector<float> noise_over(const Field& field, std::uint32_t seed, float period_px, int octaves) {
  Plane<float> noise(field.width(), field.height());
  const int period = std::max(2, static_cast<int>(period_px * subpixels));
  fill_noise(fractal(seed, period, octaves, 1, 0.55F),
             {field.window.x * subpixels, field.window.y * subpixels, field.width(), field.height()}, noise.view());
  std::vector<float> values;
  values.reserve(field.values.size());
  for (int v = 0; v < field.height(); ++v) values.insert(values.end(), noise.row(v), noise.row(v) + field.width());
  return values;
}

/// A rounded patch of about `radius_px`, longer along an axis, with a ragged edge.
Field blob(float x, float y, float radius_px, float elongation, float ax, float ay, float raggedness,
           std::uint32_t seed, const Window& within) {
  Field field = make_field(x, y, radius_px * 1.9F * std::max(1.0F, std::sqrt(elongation)), within);
  const std::vector<float> noise = noise_over(field, seed, std::max(0.8F, radius_px), 4);
  const float along = std::sqrt(elongation);
  std::size_t i = 0;
  for_each_subpixel(field, [&](float& value, float px, float py) {
    const float dx = px - x;
    const float dy = py - y;
    const float u = (dx * ax + dy * ay) / along;
    const float v = (dy * ax - dx * ay) * along;
    value = std::sqrt(u * u + v * v) / radius_px + raggedness * noise[i++];
  });
  return field;
}

/// A field: a four-sided parcel.
Field parcel(float x, float y, float radius_px, float elongation, float ax, float ay, const Window& within) {
  Field field = make_field(x, y, radius_px * 1.9F * std::sqrt(elongation), within);
  const float along = std::sqrt(elongation);
  for_each_subpixel(field, [&](float& value, float px, float py) {
    const float u = std::abs((px - x) * ax + (py - y) * ay) / along;
    const float v = std::abs((py - y) * ax - (px - x) * ay) * along;
    value = std::max(u, v) / radius_px;
  });
  return field;
}

/// A winding line of `width_px`, reached from its beginning to its end.
Field road(float x, float y, float length_px, float width_px, float ax, float ay, std::uint32_t seed,
           const Window& within) {
  Field field = make_field(x, y, length_px * 0.62F, within);
  const float bend = (uniform_of(hash_of(seed, 0, 7)) - 0.5F) * 0.9F;
  const float wave = (uniform_of(hash_of(seed, 1, 7)) - 0.5F) * 0.5F;
  for_each_subpixel(field, [&](float& value, float px, float py) {
    const float u = ((px - x) * ax + (py - y) * ay) / length_px;  // -0.5 .. 0.5 along the road
    const float v = (py - y) * ax - (px - x) * ay;
    const float middle = length_px * (bend * u * u + wave * u * (4 * u * u - 1));
    const float slope = 2 * bend * u + wave * (12 * u * u - 1);
    const float distance = std::abs(v - middle) / std::sqrt(1 + slope * slope);
    value = std::abs(u) <= 0.5F && distance <= width_px / 2 ? u : Field::never;
  });
  return field;
}

/// Orders the subpixels by the field's value, and keeps the smallest that make up the area; `area_ha` <= 0: all that
/// can be. The window shrinks to what is kept.
void keep_smallest(const Field& field, double area_ha, Event& event) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < field.values.size(); ++i) {
    if (field.values[i] < Field::never) order.push_back(i);
  }
  // Ties by place, so that the order is one.
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return field.values[a] != field.values[b] ? field.values[a] < field.values[b] : a < b;
  });
  if (area_ha > 0) {
    const auto wanted = static_cast<std::size_t>(std::lround(area_ha / pixel_ha * subpixels_per_pixel));
    order.resize(std::min(order.size(), std::max<std::size_t>(wanted, 1)));
  }
  const auto width = static_cast<std::size_t>(field.width());
  int x0 = field.window.width;
  int y0 = field.window.height;
  int x1 = 0;
  int y1 = 0;
  for (const std::uint32_t i : order) {
    const int x = static_cast<int>(i % width) / subpixels;
    const int y = static_cast<int>(i / width) / subpixels;
    x0 = std::min(x0, x);
    y0 = std::min(y0, y);
    x1 = std::max(x1, x + 1);
    y1 = std::max(y1, y + 1);
  }
  if (order.empty()) return;
  event.window = {field.window.x + x0, field.window.y + y0, x1 - x0, y1 - y0};
  event.reached.reshape(event.window.width * subpixels, event.window.height * subpixels);
  for (int v = 0; v < event.reached.height(); ++v)
    std::fill_n(event.reached.row(v), event.reached.width(), std::uint8_t{0});
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const int u = static_cast<int>(order[rank] % width) - x0 * subpixels;
    const int v = static_cast<int>(order[rank] / width) - y0 * subpixels;
    event.reached.at(u, v) = static_cast<std::uint8_t>(1 + rank * 254 / order.size());
  }
}

// ---- placing ------------------------------------------------------------------------------------------------------

class Planner {
 public:
  Planner(const EventOptions& options, const GroundPixels& ground, PlaneView<const std::uint8_t> inside_site,
          std::span<const Instant> clear_days)
      : options_(options),
        ground_(ground),
        inside_site_(inside_site),
        clear_days_(clear_days),
        taken_(ground.window.width, ground.window.height) {
    for (int y = 0; y < taken_.height(); ++y) std::fill_n(taken_.row(y), taken_.width(), std::uint8_t{0});
  }

  std::vector<Event> draw() {
    constexpr std::array disturbances{TruthType::pit_in_forest, TruthType::pit_deepened,  TruthType::pit_in_grass,
                                      TruthType::access_road,   TruthType::waste_dump,    TruthType::pit_in_crop,
                                      TruthType::pit_in_forest, TruthType::tailings_pond, TruthType::pit_deepened,
                                      TruthType::pit_in_grass,  TruthType::access_road};
    constexpr std::array decoys{TruthType::harvest,       TruthType::fire,       TruthType::ploughing,
                                TruthType::cloud_remnant, TruthType::snow_patch, TruthType::flood,
                                TruthType::building_site, TruthType::harvest,    TruthType::reservoir_drawdown,
                                TruthType::cloud_remnant, TruthType::ploughing};
    for (int i = 0; i < options_.disturbances; ++i)
      add(disturbances[static_cast<std::size_t>(i) % disturbances.size()], i);
    for (int i = 0; i < options_.natural; ++i) add(TruthType::landslide, 1000 + i);
    for (int i = 0; i < options_.decoys; ++i) add(decoys[static_cast<std::size_t>(i) % decoys.size()], 2000 + i);
    for (int i = 0; i < options_.waterside; ++i) {
      add(i % 2 == 0 ? TruthType::pond : TruthType::alluvial_working, 3000 + i);
    }
    for (int i = 0; i < options_.backfilled; ++i) {
      add(i % 2 == 0 ? TruthType::pit_backfilled : TruthType::pond_backfilled, 4000 + i);
    }
    return std::move(events_);
  }

 private:
  void add(TruthType type, int number) {
    constexpr int attempts = 600;
    Event event;
    event.type = type;
    event.seed = hash_of(options_.seed ^ 0xe7e27501U, number, static_cast<std::int32_t>(type));
    Dice dice(event.seed);
    const Sizes sizes = sizes_of(type);
    double area_ha = dice.logarithmic(sizes.least, sizes.most);
    if (!draw_dates(event, area_ha, dice)) return;
    for (int attempt = 0; attempt < attempts; ++attempt) {
      // Where large ones find no room, smaller ones may.
      if (attempt % 100 == 99) area_ha = std::max(sizes.least, area_ha * 0.6);
      const float x = static_cast<float>(ground_.window.x) + dice.uniform() * static_cast<float>(ground_.window.width);
      const float y = static_cast<float>(ground_.window.y) + dice.uniform() * static_cast<float>(ground_.window.height);
      if (!can_be_on(type, surface_at(x, y)) || !on_right_side(type, x, y)) continue;
      draw_shape(event, x, y, area_ha, dice);
      if (event.window.empty() || !fits(event)) continue;
      occupy(event);
      const auto size = static_cast<float>(std::sqrt(area_ha));
      event.depth_m = depth_m_of(type, size);
      events_.push_back(std::move(event));
      return;
    }
  }

  /// Ground under water and gravel that is turned over stay about as high as they were.
  static float depth_m_of(TruthType type, float size) {
    switch (type) {
      case TruthType::pit_in_forest:
      case TruthType::pit_in_grass:
      case TruthType::pit_in_crop:
      case TruthType::pit_deepened:
      case TruthType::pit_backfilled:
        return 13 * size;
      case TruthType::waste_dump:
        return -11 * size;
      default:
        return 0;
    }
  }

  bool draw_dates(Event& event, double area_ha, Dice& dice) const {
    const Course course = course_of(event.type, area_ha, dice);
    const std::chrono::duration<double, std::ratio<86400>> span = options_.last_onset - options_.first_onset;
    if (event.type == TruthType::cloud_remnant) {
      if (clear_days_.empty()) return false;
      event.onset = std::chrono::floor<days>(
          clear_days_[static_cast<std::size_t>(dice.below(static_cast<int>(clear_days_.size())))]);
    } else {
      event.onset =
          std::chrono::floor<days>(options_.first_onset) + days(static_cast<int>(dice.uniform() * span.count()));
      event.onset = in_season(event.type, event.onset);
      if (event.onset < options_.first_onset || event.onset > options_.last_onset) return false;
    }
    event.growth = course.growth;
    event.complete = event.onset + days(static_cast<int>(course.growth_days));
    if (course.open_days) event.end = event.complete + days(static_cast<int>(*course.open_days));
    return true;
  }

  /// The nearest day of the same year on which such a thing happens.
  static Instant in_season(TruthType type, Instant day) {
    const std::chrono::year_month_day date{std::chrono::floor<days>(day)};
    const auto first = std::chrono::sys_days{date.year() / std::chrono::January / 1};
    const auto of_year = (std::chrono::floor<days>(day) - first).count();
    const auto within = [&](long from, long to) -> Instant { return first + days(std::clamp(of_year, from, to)); };
    switch (type) {
      case TruthType::harvest:
        return within(150, 270);
      case TruthType::fire:
        return within(190, 280);
      case TruthType::flood:
        return within(95, 170);
      case TruthType::snow_patch:
        return within(100, 140);
      case TruthType::reservoir_drawdown:
        return within(160, 300);
      default:
        return day;
    }
  }

  void draw_shape(Event& event, float x, float y, double area_ha, Dice& dice) {
    const auto radius_px = static_cast<float>(std::sqrt(area_ha / pixel_ha / 3.14159265));
    float ax = dice.uniform(-1, 1);
    float ay = dice.uniform(-1, 1);
    const auto normalise = [&] {
      const float length = std::sqrt(ax * ax + ay * ay);
      ax = length > 0.05F ? ax / length : 1;
      ay = length > 0.05F ? ay / length : 0;
    };
    const std::uint32_t seed =
        hash_of(event.seed, static_cast<std::int32_t>(x * 16), static_cast<std::int32_t>(y * 16));
    const Window& within = ground_.window;
    switch (event.type) {
      case TruthType::access_road: {
        normalise();
        const float width_px = dice.uniform(0.7F, 3.0F);  // 7 to 30 m
        const float length_px = std::max(6.0F, static_cast<float>(area_ha / pixel_ha) / width_px);
        keep_smallest(road(x, y, length_px, width_px, ax, ay, seed, within), 0, event);
        break;
      }
      case TruthType::harvest:
      case TruthType::ploughing:
      case TruthType::building_site:
        normalise();
        keep_smallest(parcel(x, y, radius_px * 0.886F, dice.uniform(1, 3), ax, ay, within), area_ha, event);
        break;
      case TruthType::landslide:
        downhill(x, y, ax, ay);
        normalise();
        keep_smallest(blob(x, y, radius_px, dice.uniform(3, 5), ax, ay, 0.25F, seed, within), area_ha, event);
        break;
      case TruthType::flood:
      case TruthType::reservoir_drawdown:
      case TruthType::alluvial_working: {
        Field field = blob(x, y, radius_px, 1, 1, 0, 0.2F, seed, within);
        for_each_subpixel(field, [&](float& value, float px, float py) {
          if (!reached_by_water(event.type, px, py)) value = Field::never;
        });
        keep_smallest(field, area_ha, event);
        break;
      }
      default: {
        normalise();
        const float raggedness = event.type == TruthType::fire ? 0.5F : 0.28F;
        keep_smallest(blob(x, y, radius_px, dice.uniform(1, 2.2F), ax, ay, raggedness, seed, within), area_ha, event);
      }
    }
  }

  Surface surface_at(float x, float y) const {
    return ground_.surface.at(static_cast<int>(x) - ground_.window.x, static_cast<int>(y) - ground_.window.y);
  }

  bool on_right_side(TruthType type, float x, float y) const {
    const bool inside =
        inside_site_.at(static_cast<int>(x) - ground_.window.x, static_cast<int>(y) - ground_.window.y) != 0;
    if (type == TruthType::building_site) return !inside;
    if (type == TruthType::flood || type == TruthType::alluvial_working) return reached_by_water(type, x, y);
    // Also disturbances begin beside a site now and then.
    return true;
  }

  bool reached_by_water(TruthType type, float x, float y) const {
    const int px = static_cast<int>(x) - ground_.window.x;
    const int py = static_cast<int>(y) - ground_.window.y;
    if (type == TruthType::reservoir_drawdown) {
      const float depth = ground_.terrain.reservoir_depth.at(px, py);
      return depth > 0.5F && depth < 9;
    }
    const float reach_m = type == TruthType::alluvial_working ? 6.0F : 3.5F;
    return ground_.terrain.above_channel.at(px, py) < reach_m && ground_.surface.at(px, py) != Surface::river &&
           ground_.surface.at(px, py) != Surface::reservoir;
  }

  void downhill(float x, float y, float& ax, float& ay) const {
    const int px = std::clamp(static_cast<int>(x) - ground_.window.x, 2, ground_.window.width - 3);
    const int py = std::clamp(static_cast<int>(y) - ground_.window.y, 2, ground_.window.height - 3);
    const auto& elevation = ground_.terrain.elevation;
    ax = elevation.at(px - 2, py) - elevation.at(px + 2, py);
    ay = elevation.at(px, py - 2) - elevation.at(px, py + 2);
  }

  /// Free ground, nearly all of the right kind, and not at the very edge.
  bool fits(const Event& event) const {
    constexpr int border = 4;
    constexpr double right_share = 0.85;
    const Window& all = ground_.window;
    if (event.window.x < all.x + border || event.window.y < all.y + border ||
        event.window.right() > all.right() - border || event.window.bottom() > all.bottom() - border) {
      return false;
    }
    int pixels = 0;
    int right = 0;
    for (int y = event.window.y; y < event.window.bottom(); ++y) {
      for (int x = event.window.x; x < event.window.right(); ++x) {
        if (!touches(event, x, y)) continue;
        ++pixels;
        const Surface surface = ground_.surface.at(x - all.x, y - all.y);
        right += can_be_on(event.type, surface) || surface == Surface::road ? 1 : 0;
        if (taken_.at(x - all.x, y - all.y) != 0) return false;
      }
    }
    return right >= right_share * pixels;
  }

  void occupy(const Event& event) {
    constexpr int distance = 3;
    const Window& all = ground_.window;
    for (int y = event.window.y; y < event.window.bottom(); ++y) {
      for (int x = event.window.x; x < event.window.right(); ++x) {
        if (!touches(event, x, y)) continue;
        const Window around = intersection(Window{x, y, 1, 1}.grown(distance), all);
        for (int v = around.y; v < around.bottom(); ++v) {
          std::fill_n(&taken_.at(around.x - all.x, v - all.y), around.width, std::uint8_t{1});
        }
      }
    }
  }

  static bool touches(const Event& event, int x, int y) {
    const int u = (x - event.window.x) * subpixels;
    const int v = (y - event.window.y) * subpixels;
    for (int k = 0; k < subpixels; ++k) {
      const std::uint8_t* row = event.reached.row(v + k) + u;
      if (std::any_of(row, row + subpixels, [](std::uint8_t r) { return r != 0; })) return true;
    }
    return false;
  }

  const EventOptions& options_;
  const GroundPixels& ground_;
  PlaneView<const std::uint8_t> inside_site_;
  std::span<const Instant> clear_days_;
  Plane<std::uint8_t> taken_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> draw_events(const EventOptions& options, const GroundPixels& ground,
                               PlaneView<const std::uint8_t> inside_site, std::span<const Instant> clear_days) {
  return Planner(options, ground, inside_site, clear_days).draw();
}

}  // namespace pitwatch
