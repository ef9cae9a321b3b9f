#pragma once
// Options of the commands that write manifests: how these are signed and time-stamped.

#include <boost/program_options.hpp>

#include "pipeline/watch/watch.hpp"

namespace pitwatch::tools {

/// --sign-certificate, --sign-key, --time-stamps.
void add_signing_options(boost::program_options::options_description& description);

/// What they say. Throws ConfigError for a certificate without a key, or a key without one.
SigningOptions read_signing_options(const boost::program_options::variables_map& values);

}  // namespace pitwatch::tools
