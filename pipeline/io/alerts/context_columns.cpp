#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/vector/geojson_text.hpp"

namespace pitwatch {
namespace {

constexpr int share_decimals = 4;
constexpr int metre_decimals = 1;
constexpr int number_decimals = 4;  // the most of all of them

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

// ---- which names the values of a type have

constexpr const auto& names_of(BoundaryVerdict) { return boundary_verdict_names; }
constexpr const auto& names_of(Validity) { return validity_names; }
constexpr const auto& names_of(FlowSide) { return flow_side_names; }
constexpr const auto& names_of(RiskLevel) { return risk_level_names; }

template <typename T>
constexpr ColumnType type_of() {
  if constexpr (is_optional<T>) {
    return type_of<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, double>) {
    return ColumnType::real;
  } else if constexpr (std::is_same_v<T, Instant>) {
    return ColumnType::instant;
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return ColumnType::json;
  } else {
    return ColumnType::text;
  }
}

// ---- a value as a cell, and back

template <int decimals, typename T>
Cell cell_of(const T& value) {
  if constexpr (is_optional<T>) {
    return value ? cell_of<decimals>(*value) : Cell();
  } else if constexpr (std::is_same_v<T, double>) {
    return rounded_number(value, decimals);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.empty() ? Cell() : Cell(value);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return json_list(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::string(name(value));
  } else {
    return Cell(value);
  }
}

template <typename T>
const T& held(const Cell& cell) {
  const T* const value = std::get_if<T>(&cell);
  if (value == nullptr) throw DataError("is of another type");
  return *value;
}

template <typename T>
T value_of(const Cell& cell) {
  if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    const nlohmann::json list = nlohmann::json::parse(held<std::string>(cell), nullptr, false);
    if (!list.is_array()) throw DataError("is no list");
    T texts;
    for (const nlohmann::json& text : list) {
      if (!text.is_string()) throw DataError("is no list of texts");
      texts.push_back(text.get<std::string>());
    }
    return texts;
  } else if constexpr (std::is_enum_v<T>) {
    const auto& names = names_of(T{});
    const auto& text = held<std::string>(cell);
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) throw DataError("no value '" + text + "'");
    return static_cast<T>(found - names.begin());
  } else {
    return held<T>(cell);
  }
}

// ---- a value within others, by the members that lead to it

template <int decimals, auto member, auto... rest, typename Object>
Cell look(const Object& object) {
  const auto& value = object.*member;
  if constexpr (sizeof...(rest) == 0) {
    return cell_of<decimals>(value);
  } else {
    return value ? look<decimals, rest...>(*value) : Cell();
  }
}

template <auto member, auto... rest, typename Object>
void put(Object& object, const Cell& cell) {
  auto& value = object.*member;
  using Value = std::remove_reference_t<decltype(value)>;
  if constexpr (sizeof...(rest) > 0) {
    if (!value) value.emplace();
    put<rest...>(*value, cell);
  } else if constexpr (is_optional<Value>) {
    value = value_of<typename Value::value_type>(cell);
  } else {
    value = value_of<Value>(cell);
  }
}

template <auto member, auto... rest, typename Object>
constexpr ColumnType type_at(const Object*) {
  using Value = std::remove_cvref_t<decltype(std::declval<Object>().*member)>;
  if constexpr (sizeof...(rest) > 0) {
    return type_at<rest...>(static_cast<const typename Value::value_type*>(nullptr));
  } else {
    return type_of<Value>();
  }
}

/// The column of what the members lead to, from AlertContext on. A cell without a value leaves all as it is: that
/// nothing is known is what an alert begins with.
template <int decimals, auto... members>
constexpr AlertColumn column(const char* name) {
  return {name, type_at<members...>(static_cast<const AlertContext*>(nullptr)),
          [](const Alert& alert) { return look<decimals, members...>(alert.context); },
          [](Alert& alert, const Cell& cell) {
            if (!std::holds_alternative<std::monostate>(cell)) put<members...>(alert.context, cell);
          },
          true};
}

using C = AlertContext;
using L = LicenceFacts;
using P = ProtectedFacts;
using W = WaterFacts;
using N = NearWater;
using F = WaterFlow;

constexpr std::array context{
    column<share_decimals, &C::site_share>("site_share"),
    column<0, &C::licence, &L::verdict>("licence_verdict"),
    column<0, &C::licence, &L::validity>("licence_validity"),
    column<0, &C::licence, &L::ids>("licence_ids"),
    column<0, &C::licence, &L::holders>("licence_holders"),
    column<area_decimals, &C::licence, &L::area_ha>("licence_area_ha"),
    column<share_decimals, &C::licence, &L::share>("licence_share"),
    column<0, &C::licence, &L::crossed_on>("licence_crossed_on"),
    column<0, &C::licence, &L::worked_out>("licence_worked_out"),
    column<0, &C::parcel, &ParcelFacts::ids>("parcel_ids"),
    column<area_decimals, &C::parcel, &ParcelFacts::area_ha>("parcel_area_ha"),
    column<0, &C::parcel, &ParcelFacts::worked_out>("parcel_worked_out"),
    column<0, &C::protected_area, &P::verdict>("protected_verdict"),
    column<0, &C::protected_area, &P::ids>("protected_ids"),
    column<0, &C::protected_area, &P::names>("protected_names"),
    column<area_decimals, &C::protected_area, &P::area_ha>("protected_area_ha"),
    column<0, &C::protected_area, &P::crossed_on>("protected_crossed_on"),
    column<0, &C::protected_area, &P::worked_out>("protected_worked_out"),
    column<0, &C::water, &W::surface, &N::name>("water_surface_name"),
    column<metre_decimals, &C::water, &W::surface, &N::distance_m>("water_surface_distance_m"),
    column<0, &C::water, &W::surface, &N::side>("water_surface_side"),
    column<0, &C::water, &W::spring, &N::name>("water_spring_name"),
    column<metre_decimals, &C::water, &W::spring, &N::distance_m>("water_spring_distance_m"),
    column<0, &C::water, &W::spring, &N::side>("water_spring_side"),
    column<0, &C::water, &W::well, &N::name>("water_well_name"),
    column<metre_decimals, &C::water, &W::well, &N::distance_m>("water_well_distance_m"),
    column<0, &C::water, &W::well, &N::side>("water_well_side"),
    column<0, &C::water, &W::flow, &F::to>("water_flow_to"),
    column<metre_decimals, &C::water, &W::flow, &F::length_m>("water_flow_length_m"),
    column<metre_decimals, &C::water, &W::flow, &F::drop_m>("water_flow_drop_m"),
    column<share_decimals, &C::water, &W::flow, &F::share>("water_flow_share"),
    column<metre_decimals, &C::water, &W::flow, &F::height_above_drainage_m>("water_height_above_drainage_m"),
    column<number_decimals, &C::water, &W::flow, &F::connectivity>("water_connectivity"),
    column<share_decimals, &C::water, &W::flow, &F::catchment_disturbed>("water_catchment_disturbed"),
    column<0, &C::water, &W::flow, &F::passed>("water_passed"),
    column<0, &C::water, &W::surface_risk>("water_risk_surface"),
    column<0, &C::water, &W::ground_risk>("water_risk_ground"),
    column<0, &C::water, &W::worked_out>("water_worked_out"),
};

bool is_of(std::string_view column, const std::string& subject) {
  return column.starts_with(subject == "protected_area" ? "protected_" : subject + "_") &&
         !column.ends_with("_worked_out");
}

}  // namespace

std::span<const AlertColumn> context_columns() { return context; }

std::string json_of_cell(const Cell& cell, ColumnType type) {
  if (std::holds_alternative<std::monostate>(cell)) return "null";
  if (const auto* const number = std::get_if<double>(&cell)) return json_number(*number, number_decimals);
  if (const auto* const instant = std::get_if<Instant>(&cell)) return json_instant(*instant);
  const std::string text = cell_text(cell);
  return type == ColumnType::json || type == ColumnType::integer ? text : json_text(text);
}

std::string context_json(const Alert& alert, const std::string& subject) {
  std::string text;
  for (const AlertColumn& column : context_columns()) {
    if (!is_of(column.name, subject)) continue;
    const Cell cell = column.get(alert);
    if (std::holds_alternative<std::monostate>(cell)) continue;
    text += (text.empty() ? "\"" : ", \"") + std::string(column.name) + "\": " + json_of_cell(cell, column.type);
  }
  return "{" + text + "}";
}

}  // namespace pitwatch
