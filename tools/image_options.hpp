#pragma once
// Options of commands that read images of the user's own: what those do not say of themselves.

#include <boost/program_options.hpp>
#include <string>

#include "pipeline/io/products/given_facts.hpp"

namespace pitwatch::tools {

/// --bands, --scale, --offset, --nodata; dates are the commands' own.
void add_image_options(boost::program_options::options_description& description);

/// What they say, with the date of the option so named. Throws ConfigError naming the option.
GivenFacts read_image_options(const boost::program_options::variables_map& values, const std::string& date_option);

}  // namespace pitwatch::tools
