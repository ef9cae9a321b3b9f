#include "pipeline/indices/parser.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "pipeline/indices/catalogue.hpp"

namespace pitwatch {
namespace {

using kernels::RowOp;

constexpr int deepest = 64;

/// Whose formula it is: the catalogue's have names of their own.
enum class Author : std::uint8_t { user, catalogue };

// ---- tokens ----------------------------------------------------------------------------------------------------

struct Token {
  enum class Kind : std::uint8_t { end, number, name, sign } kind = Kind::end;
  std::string_view text;  // of a sign: without variants, "**" for "^"
  double value = 0;
  std::size_t character = 1;
};

constexpr std::array<std::string_view, 22> signs{"**", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/",
                                                 "^",  "<",  ">",  "(",  ")",  ",",  "!",  "=", "&", "|", "?"};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { advance(); }

  const Token& now() const { return token_; }

  Token take() {
    const Token taken = token_;
    advance();
    return taken;
  }

  bool take_sign(std::string_view sign) {
    if (token_.kind != Token::Kind::sign || token_.text != sign) return false;
    advance();
    return true;
  }

  bool take_word(std::string_view word) {
    if (token_.kind != Token::Kind::name || token_.text != word) return false;
    advance();
    return true;
  }

 private:
  void advance() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    token_ = {Token::Kind::end, {}, 0, at_ + 1};
    if (at_ == text_.size()) return;
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (std::isdigit(c) != 0 || c == '.') return take_number();
    if (c < 0x80 && (std::isalpha(c) != 0 || c == '_')) return take_name();
    for (const std::string_view sign : signs) {
      if (text_.substr(at_, sign.size()) != sign) continue;
      token_.kind = Token::Kind::sign;
      token_.text = sign == "^" ? "**" : sign;
      at_ += sign.size();
      return;
    }
    const bool is_plain = c > 0x20 && c < 0x7f;
    throw ExpressionError(at_ + 1, is_plain ? "'" + std::string(1, text_[at_]) + "' has no meaning here"
                                            : std::string("a byte that is no plain letter, digit or sign"));
  }

  void take_number() {
    double value = 0;
    const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) throw ExpressionError(at_ + 1, "no number that can be read");
    token_.kind = Token::Kind::number;
    token_.value = value;
    const auto end = static_cast<std::size_t>(stop - text_.data());
    token_.text = text_.substr(at_, end - at_);
    at_ = end;
  }

  void take_name() {
    std::size_t end = at_;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 || text_[end] == '_')) {
      ++end;
    }
    token_.kind = Token::Kind::name;
    token_.text = text_.substr(at_, end - at_);
    at_ = end;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Token token_;
};

// ---- functions -------------------------------------------------------------------------------------------------

struct Function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
};

constexpr std::size_t any_number = 32;
constexpr std::array<Function, 14> functions{{{"abs", 1, 1},
                                              {"sqrt", 1, 1},
                                              {"exp", 1, 1},
                                              {"log", 1, 1},
                                              {"ln", 1, 1},
                                              {"log10", 1, 1},
                                              {"tanh", 1, 1},
                                              {"min", 1, any_number},
                                              {"max", 1, any_number},
                                              {"pow", 2, 2},
                                              {"nd", 2, 2},
                                              {"clamp", 3, 3},
                                              {"if", 3, 3},
                                              {"where", 3, 3}}};

const Function* find_function(std::string_view name) {
  const auto* const found =
      std::find_if(functions.begin(), functions.end(), [&](const Function& it) { return it.name == name; });
  return found == functions.end() ? nullptr : found;
}

/// 1 - 2 / (e^2x + 1), which loses nothing to overflow.
NodeId tanh_of(ExpressionGraph& graph, NodeId x) {
  const NodeId power = graph.apply(RowOp::exponential, graph.apply(RowOp::multiply, graph.number(2), x));
  const NodeId below = graph.apply(RowOp::add, power, graph.number(1));
  return graph.apply(RowOp::subtract, graph.number(1), graph.apply(RowOp::divide, graph.number(2), below));
}

NodeId call(ExpressionGraph& graph, std::string_view name, const std::vector<NodeId>& x) {
  if (name == "abs") return graph.apply(RowOp::absolute, x[0]);
  if (name == "sqrt") return graph.apply(RowOp::root, x[0]);
  if (name == "exp") return graph.apply(RowOp::exponential, x[0]);
  if (name == "log" || name == "ln") return graph.apply(RowOp::logarithm, x[0]);
  if (name == "log10") {
    constexpr double log_of_ten = 2.302585092994045684;
    return graph.apply(RowOp::divide, graph.apply(RowOp::logarithm, x[0]), graph.number(log_of_ten));
  }
  if (name == "tanh") return tanh_of(graph, x[0]);
  if (name == "pow") return graph.apply(RowOp::power, x[0], x[1]);
  if (name == "nd") {
    return graph.apply(RowOp::divide, graph.apply(RowOp::subtract, x[0], x[1]), graph.apply(RowOp::add, x[0], x[1]));
  }
  if (name == "clamp") return graph.apply(RowOp::minimum, graph.apply(RowOp::maximum, x[0], x[1]), x[2]);
  if (name == "if" || name == "where") return graph.apply(RowOp::select, x[0], x[1], x[2]);
  NodeId result = x[0];
  const RowOp op = name == "min" ? RowOp::minimum : RowOp::maximum;
  for (std::size_t i = 1; i < x.size(); ++i) result = graph.apply(op, result, x[i]);
  return result;
}

// ---- grammar ---------------------------------------------------------------------------------------------------

NodeId parse_formula(std::string_view text, Author author, int depth, const GivenConstants& given,
                     ExpressionGraph& graph, GivenConstants& used);

/// Recursive descent; `depth` counts brackets, signs and powers together.
class Parser {
 public:
  Parser(std::string_view text, Author author, int depth, const GivenConstants& given, ExpressionGraph& graph,
         GivenConstants& used)
      : tokens_(text), author_(author), depth_(depth), given_(given), graph_(graph), used_(used) {}

  NodeId whole() {
    const NodeId root = either();
    const Token& rest = tokens_.now();
    if (rest.kind == Token::Kind::end) return root;
    if (rest.kind == Token::Kind::sign && rest.text == ")") fail(rest, "')' without '('");
    if (rest.kind == Token::Kind::sign && rest.text == "=") fail(rest, "a comparison is written ==");
    if (rest.kind == Token::Kind::sign && (rest.text == "&" || rest.text == "|")) {
      fail(rest, "conditions are joined by 'and' and 'or'");
    }
    if (rest.kind == Token::Kind::sign && rest.text == "?") fail(rest, "a choice is written if(condition, x, y)");
    fail(rest, "an operator is missing before '" + std::string(rest.text) + "'");
  }

 private:
  /// One level deeper as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > deepest) parser_.fail(parser_.tokens_.now(), "nested too deeply");
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  [[noreturn]] static void fail(const Token& token, const std::string& message) {
    throw ExpressionError(token.character, message);
  }

  NodeId number(double value) { return graph_.number(value); }
  NodeId constant(std::string_view name, double value) {
    used_[std::string(name)] = value;
    return number(value);
  }
  NodeId inverse(NodeId x) { return graph_.apply(RowOp::inverse, x); }

  NodeId either() {
    const Level level(*this);
    NodeId left = both();
    while (tokens_.take_word("or") || tokens_.take_sign("||")) {  // a or b = not (not a and not b)
      const NodeId right = both();
      left = inverse(graph_.apply(RowOp::both, inverse(left), inverse(right)));
    }
    return left;
  }

  NodeId both() {
    NodeId left = condition();
    while (tokens_.take_word("and") || tokens_.take_sign("&&")) left = graph_.apply(RowOp::both, left, condition());
    return left;
  }

  NodeId condition() {
    if (tokens_.take_word("not") || tokens_.take_sign("!")) {
      const Level level(*this);
      return inverse(condition());
    }
    const NodeId left = sum();
    const std::optional<NodeId> compared = comparison(left);
    if (!compared) return left;
    if (is_comparison(tokens_.now())) fail(tokens_.now(), "comparisons are not chained: write a < b and b < c");
    return *compared;
  }

  static bool is_comparison(const Token& token) {
    constexpr std::array<std::string_view, 6> comparisons{"<", "<=", ">", ">=", "==", "!="};
    return token.kind == Token::Kind::sign &&
           std::find(comparisons.begin(), comparisons.end(), token.text) != comparisons.end();
  }

  std::optional<NodeId> comparison(NodeId left) {
    if (!is_comparison(tokens_.now())) return std::nullopt;
    const std::string_view sign = tokens_.take().text;
    const NodeId right = sum();
    if (sign == "<") return graph_.apply(RowOp::less, left, right);
    if (sign == "<=") return graph_.apply(RowOp::less_equal, left, right);
    if (sign == ">") return graph_.apply(RowOp::less, right, left);
    if (sign == ">=") return graph_.apply(RowOp::less_equal, right, left);
    const NodeId equal = graph_.apply(RowOp::equal, left, right);
    return sign == "==" ? equal : inverse(equal);
  }

  NodeId sum() {
    NodeId left = product();
    for (;;) {
      if (tokens_.take_sign("+")) {
        left = graph_.apply(RowOp::add, left, product());
      } else if (tokens_.take_sign("-")) {
        left = graph_.apply(RowOp::subtract, left, product());
      } else {
        return left;
      }
    }
  }

  NodeId product() {
    NodeId left = signed_value();
    for (;;) {
      if (tokens_.take_sign("*")) {
        left = graph_.apply(RowOp::multiply, left, signed_value());
      } else if (tokens_.take_sign("/")) {
        left = graph_.apply(RowOp::divide, left, signed_value());
      } else {
        return left;
      }
    }
  }

  NodeId signed_value() {
    const bool is_negative = tokens_.now().text == "-";
    if (!tokens_.take_sign("-") && !tokens_.take_sign("+")) return power();
    const Level level(*this);
    const NodeId value = signed_value();
    return is_negative ? graph_.apply(RowOp::multiply, number(-1), value) : value;
  }

  NodeId power() {
    const NodeId base = value();
    if (!tokens_.take_sign("**")) return base;
    const Level level(*this);
    return graph_.apply(RowOp::power, base, signed_value());  // from the right: a ** b ** c = a ** (b ** c)
  }

  NodeId value() {
    const Token token = tokens_.take();
    if (token.kind == Token::Kind::number) return number(token.value);
    if (token.kind == Token::Kind::name) return named(token);
    if (token.kind == Token::Kind::sign && token.text == "(") {
      const NodeId inner = either();
      close(token);
      return inner;
    }
    if (token.kind == Token::Kind::end) fail(token, "the formula ends where a value is expected");
    fail(token, "a value is expected, not '" + std::string(token.text) + "'");
  }

  void close(const Token& opened) {
    if (tokens_.take_sign(")")) return;
    const Token& now = tokens_.now();
    const std::string of = " of the '(' at character " + std::to_string(opened.character);
    if (now.kind == Token::Kind::end) fail(now, "the ')'" + of + " is missing");
    fail(now, "an operator or the ')'" + of + " is missing before '" + std::string(now.text) + "'");
  }

  NodeId named(const Token& name) {
    const Token opened = tokens_.now();
    if (tokens_.take_sign("(")) return function(name, opened);
    if (const auto band = band_in_formula(name.text)) return graph_.band(*band);
    if (const auto found = given_.find(name.text); found != given_.end()) return constant(name.text, found->second);
    if (author_ == Author::catalogue) {
      if (const auto kernel = kernel_of_bands(name.text)) return *kernel;
    }
    if (const FormulaConstant* const known = constant_in_formula(name.text)) return constant_value(name, *known);
    if (const CatalogueIndex* const index = find_index(name.text)) return index_value(name, *index);
    fail_unknown(name);
  }

  NodeId function(const Token& name, const Token& opened) {
    const Function* const known = find_function(name.text);
    if (known == nullptr) {
      std::vector<std::string> names;
      for (const Function& it : functions) names.emplace_back(it.name);
      fail(name, "no function '" + std::string(name.text) + "'" + suggestion(name.text, names));
    }
    std::vector<NodeId> operands{either()};
    while (tokens_.take_sign(",")) {
      if (operands.size() == any_number) fail(tokens_.now(), "more than 32 operands");
      operands.push_back(either());
    }
    close(opened);
    if (operands.size() < known->least || operands.size() > known->most) {
      const std::string wanted = known->least == known->most ? std::to_string(known->least) : "1 to 32";
      fail(name, std::string(name.text) + " takes " + wanted + " operands, not " + std::to_string(operands.size()));
    }
    return call(graph_, known->name, operands);
  }

  NodeId constant_value(const Token& name, const FormulaConstant& known) {
    const std::string text(name.text);
    if (!known.value) {
      fail(name, text + " (" + std::string(known.meaning) + ") has no value of its own: give one by --set " + text +
                     "=VALUE");
    }
    if (author_ == Author::user && text.size() == 1 && std::islower(static_cast<unsigned char>(text[0])) != 0) {
      fail(name, "'" + text + "' is the " + std::string(known.meaning) +
                     " in the catalogue's formulas; bands have capital letters, and --set " + text +
                     "=VALUE makes it a constant");
    }
    return constant(text, *known.value);
  }

  /// kNR: of N and R; L is the canopy background.
  std::optional<NodeId> kernel_of_bands(std::string_view name) {
    if (name.size() != 3 || name[0] != 'k') return std::nullopt;
    const auto side = [this](std::string_view letter) -> std::optional<NodeId> {
      if (letter == "L") return number(catalogue_value("L"));
      const auto band = band_in_formula(letter);
      return band ? std::optional<NodeId>(graph_.band(*band)) : std::nullopt;
    };
    const auto a = side(name.substr(1, 1));
    const auto b = side(name.substr(2, 1));
    if (!a || !b) return std::nullopt;
    if (*a == *b) return number(1);
    const double sigma = catalogue_value("sigma");
    const NodeId apart = graph_.apply(RowOp::subtract, *a, *b);
    const NodeId squared = graph_.apply(RowOp::multiply, apart, apart);
    return graph_.apply(RowOp::exponential, graph_.apply(RowOp::multiply, squared, number(-1 / (2 * sigma * sigma))));
  }

  double catalogue_value(std::string_view name) {
    const auto found = given_.find(name);
    const double value = found != given_.end() ? found->second : constant_in_formula(name)->value.value();
    used_[std::string(name)] = value;
    return value;
  }

  NodeId index_value(const Token& name, const CatalogueIndex& index) {
    if (!index.lacking.empty()) fail(name, index.name + " needs " + index.lacking + ", which Sentinel-2 lacks");
    const Level level(*this);
    try {
      return parse_formula(index.formula, Author::catalogue, depth_, given_, graph_, used_);
    } catch (const ExpressionError& error) {
      fail(name, "in " + index.name + " = " + index.formula + ": " + error.what());
    }
  }

  [[noreturn]] static void fail_unknown(const Token& name) {
    std::vector<std::string> names = index_names();
    for (const BandInfo& band : band_infos) {
      if (is_reflectance(band.band)) names.emplace_back(band.name);
      if (is_reflectance(band.band)) names.emplace_back(band.common_name);
    }
    const std::string text(name.text);
    if (find_function(name.text) != nullptr) fail(name, text + " is a function: its operands are missing");
    fail(name, "no band, constant or index '" + text + "'" + suggestion(text, names));
  }

  Tokens tokens_;
  Author author_;
  int depth_;
  const GivenConstants& given_;
  ExpressionGraph& graph_;
  GivenConstants& used_;
};

NodeId parse_formula(std::string_view text, Author author, int depth, const GivenConstants& given,
                     ExpressionGraph& graph, GivenConstants& used) {
  if (text.size() > longest_expression) {
    throw ExpressionError(longest_expression, "longer than " + std::to_string(longest_expression) + " characters");
  }
  return Parser(text, author, depth, given, graph, used).whole();
}

bool reads_a_band(const ExpressionGraph& graph, NodeId root) {
  return graph.at(root).kind != ExpressionNode::Kind::number;
}

}  // namespace

NodeId parse_expression(std::string_view text, const GivenConstants& given, ExpressionGraph& graph,
                        GivenConstants* used) {
  GivenConstants nobody_asks;
  const NodeId root = parse_formula(text, Author::user, 0, given, graph, used != nullptr ? *used : nobody_asks);
  if (!reads_a_band(graph, root)) throw ExpressionError(1, "the formula reads no band");
  return root;
}

NodeId parse_index(std::string_view name, const GivenConstants& given, ExpressionGraph& graph, GivenConstants* used) {
  GivenConstants nobody_asks;
  const std::string text(name);
  const CatalogueIndex* const index = find_index(name);
  if (index == nullptr) throw ConfigError("no index '" + text + "'" + suggestion(name, index_names()));
  if (!index->lacking.empty()) {
    throw ConfigError("index " + index->name + " needs " + index->lacking + ", which Sentinel-2 lacks");
  }
  try {
    return parse_formula(index->formula, Author::catalogue, 0, given, graph, used != nullptr ? *used : nobody_asks);
  } catch (const ExpressionError& error) {
    throw ConfigError("index " + index->name + " = " + index->formula + ": " + error.what());
  }
}

}  // namespace pitwatch
