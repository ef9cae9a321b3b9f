#include "tools/command_index.hpp"

#include <iostream>

#include "pipeline/core/error.hpp"
#include "tools/common_options.hpp"
#include "tools/index_texts.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class IndexCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of index");
    description.add_options()  //
        ("list", po::bool_switch(), "lists the indices that go by a name")
        //
        ("domain", po::value<std::string>()->value_name("NAME"),
         "with --list: those of vegetation, water, burn, snow, clouds, soil, urban, kernel, minerals or mines alone")
        //
        ("show", po::value<std::string>()->value_name("NAME"), "shows one index with formula, constants and source")
        //
        ("json", po::bool_switch(), "with --list: JSON on stdout, not a table");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    list_ = values["list"].as<bool>();
    json_ = values["json"].as<bool>();
    if (values.count("domain") != 0) domain_ = values["domain"].as<std::string>();
    if (values.count("show") != 0) show_ = values["show"].as<std::string>();
    if (list_ == !show_.empty()) throw ConfigError("--list or --show NAME? see pitwatch index --help");
  }

  int run() override {
    if (list_) {
      std::cout << (json_ ? index_list_json(domain_) : index_list_text(domain_));
    } else {
      std::cout << index_text(show_);
    }
    return exit_done;
  }

 private:
  bool list_ = false;
  bool json_ = false;
  std::string domain_;
  std::string show_;
};

}  // namespace

const CommandEntry index_entry{"index", "index --list [--domain NAME] | --show NAME",
                               "spectral indices by name or formula",
                               []() -> std::unique_ptr<Command> { return std::make_unique<IndexCommand>(); }};

}  // namespace pitwatch::tools
