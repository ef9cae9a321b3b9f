#pragma once
// Options of sources on the network: what a STAC API is asked for, and which hosts may be spoken to.

#include <boost/program_options.hpp>

#include "pipeline/acquisition/source.hpp"

namespace pitwatch::tools {

/// --cache, --collection, --max-cloud.
void add_archive_options(boost::program_options::options_description& description);

/// These, and those of add_network_options().
void add_source_options(boost::program_options::options_description& description);

/// --allow-host, --allow-bucket, --sign, --ca-file, --http-timeout.
void add_network_options(boost::program_options::options_description& description);

/// --allow-host, --ca-file, --http-timeout and --http-deadline with these defaults, of what is sent and not read.
void add_delivery_network_options(boost::program_options::options_description& description, int timeout_s,
                                  int deadline_s);

/// What they say. Throws ConfigError naming the option.
NetworkOptions read_source_options(const boost::program_options::variables_map& values);
NetworkOptions read_network_options(const boost::program_options::variables_map& values);

}  // namespace pitwatch::tools
