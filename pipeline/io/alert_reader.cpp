#include "pipeline/io/alert_reader.hpp"

#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/vector_features.hpp"

namespace pitwatch {
namespace {

template <typename T>
T required(std::optional<T> value, const char* name) {
  if (!value) throw DataError("'" + std::string(name) + "' is missing");
  return *std::move(value);
}

AlertFeature alert_of(VectorFeature& from) {
  AlertFeature alert;
  alert.id = from.id;
  alert.status = required(text_attribute(from, "status"), "status");
  alert.change_class = required(text_attribute(from, "class"), "class");
  alert.first_detected = required(instant_attribute(from, "first_detected"), "first_detected");
  alert.confirmed_on = instant_attribute(from, "confirmed_on");
  alert.confidence = required(number_attribute(from, "confidence"), "confidence");
  if (!(alert.confidence >= 0 && alert.confidence <= 1)) throw DataError("'confidence' is not within 0 to 1");
  alert.shape = std::move(from.shape);
  return alert;
}

}  // namespace

std::vector<AlertFeature> read_alerts(const std::string& path, const std::string& where) {
  std::vector<AlertFeature> alerts;
  for (VectorFeature& feature : read_vector_features(path, where).features) {
    try {
      alerts.push_back(alert_of(feature));
    } catch (const DataError& error) {
      throw DataError(path + ": feature '" + feature.id + "': " + error.what());
    }
  }
  return alerts;
}

}  // namespace pitwatch
