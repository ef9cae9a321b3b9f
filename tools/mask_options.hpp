#pragma once
// Options of what is masked.

#include <boost/program_options.hpp>

#include "pipeline/acquisition/masks.hpp"

namespace pitwatch::tools {

/// --mask-classes, --spectral-masks, --cloud-probability, --snow-probability.
void add_mask_options(boost::program_options::options_description& description);

/// What they say. Throws ConfigError naming the option.
MaskChoice read_mask_choice(const boost::program_options::variables_map& values);

}  // namespace pitwatch::tools
