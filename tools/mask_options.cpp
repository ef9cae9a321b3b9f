#include "tools/mask_options.hpp"

#include "pipeline/core/error.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

void add_mask_options(po::options_description& description) {
  description.add_options()  //
      ("mask-classes", po::value<std::string>()->value_name("LIST")->default_value("0,1,3,8,9,10,11"),
       "classes of the SCL that are masked, 0..11")  //
      ("spectral-masks", po::value<std::string>()->value_name("WHEN")->default_value("auto"),
       "cloud, shadow and snow by the pixels' own spectra: auto, where a scene has no SCL; on, together with the SCL; "
       "off")  //
      ("cloud-probability", po::value<int>()->value_name("PERCENT"),
       "mask what the band CLD gives at least this probability, too, 0..100; without it CLD is not used")  //
      ("snow-probability", po::value<int>()->value_name("PERCENT"), "the same by the band SNW");
}

MaskChoice read_mask_choice(const po::variables_map& values) {
  MaskChoice choice;
  choice.classes = parse_classes(values["mask-classes"].as<std::string>());
  const std::string when = values["spectral-masks"].as<std::string>();
  if (when != "auto" && when != "on" && when != "off") throw ConfigError("--spectral-masks must be auto, on or off");
  choice.own = when == "on" ? SpectralMasks::on : when == "off" ? SpectralMasks::off : SpectralMasks::automatic;
  if (values.count("cloud-probability") != 0) choice.cloud_probability = values["cloud-probability"].as<int>();
  if (values.count("snow-probability") != 0) choice.snow_probability = values["snow-probability"].as<int>();
  return choice;
}

}  // namespace pitwatch::tools
