#pragma once
// Options of the commands that write manifests: how these are signed and time-stamped.

#include <boost/program_options.hpp>

#include "pipeline/watch/watch.hpp"

namespace pitwatch::tools {

/// --sign-certificate, --sign-key, --time-stamps.
void add_signing_options(boost::program_options::options_description& description);

/// What they say. Throws ConfigError for a certificate without a key, or a key without one.
SigningOptions read_signing_options(const boost::program_options::variables_map& values);

/// Signs a text that nobody keeps, so that a key which does not fit is met before a night's work, not behind it. Throws
/// as sign_cms().
void try_signature(const SigningOptions& options);

}  // namespace pitwatch::tools
