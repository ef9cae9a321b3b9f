#pragma once
// The values of a page: JSON of texts, truth values, lists and objects. For the .cpp files of this room.

#include <nlohmann/json_fwd.hpp>

namespace pitwatch {

using PageValues = nlohmann::ordered_json;

}  // namespace pitwatch
