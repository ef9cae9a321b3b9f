#include "tools/image_options.hpp"

#include <cmath>
#include <optional>

#include "pipeline/core/error.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

std::optional<double> number_of(const po::variables_map& values, const char* option) {
  if (values.count(option) == 0) return std::nullopt;
  const double number = values[option].as<double>();
  if (!std::isfinite(number)) throw ConfigError(std::string("--") + option + " must be a finite number");
  return number;
}

}  // namespace

void add_image_options(po::options_description& description) {
  description.add_options()  //
      (
          "bands", po::value<std::string>()->value_name("LIST"),
          "of plain images: which band of the file is which, B02=1,B04=3,B08=4; or which file of the folder, "
          "B04=red.tif")  //
      ("scale", po::value<double>()->value_name("X"),
       "of plain images: reflectance of a step of their numbers, 0.0001 where 10000 is a reflectance of 1")  //
      ("offset", po::value<double>()->value_name("X"),
       "of plain images: reflectance of the number 0, -0.1 where 1000 is added to all")  //
      ("nodata", po::value<double>()->value_name("N"),
       "of plain images: the number that is no measurement; by default that of the file, else 0");
}

GivenFacts read_image_options(const po::variables_map& values, const std::string& date_option) {
  GivenFacts given;
  if (values.count("bands") != 0) {
    try {
      given.bands = parse_given_bands(values["bands"].as<std::string>());
    } catch (const ConfigError& error) {
      throw ConfigError(std::string("--bands: ") + error.what());
    }
  }
  if (values.count(date_option) != 0) {
    given.date = parse_instant_option(values, date_option);
    given.is_day = is_bare_day(values[date_option].as<std::string>());
  }
  given.scale = number_of(values, "scale");
  if (given.scale && !(*given.scale > 0)) throw ConfigError("--scale must be above 0");
  given.offset = number_of(values, "offset");
  given.nodata = number_of(values, "nodata");
  if (given.offset && !given.scale) throw ConfigError("--offset needs --scale: both say what a number is");
  return given;
}

}  // namespace pitwatch::tools
