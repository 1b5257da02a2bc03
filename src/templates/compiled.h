// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "encoding/json.h"
#include "templates/expression.h"
#include "templates/template.h"

namespace imprint::templates {

/// A JSON value that contains expressions: an inline policy document, DeviceConfiguration.
struct DocumentNode {
  struct Member;
  using Members = std::vector<Member>;
  using Items = std::vector<DocumentNode>;
  std::variant<encoding::json::value, Expression, Members, Items> value;
};
struct DocumentNode::Member {
  std::string name;
  DocumentNode node;
};

struct ThingSpec {
  std::string logical_name;
  Expression name = {};
  std::optional<std::vector<std::pair<AttributeName, Expression>>> attributes = {};
  std::optional<Expression> type = {};
  std::optional<Expression> groups = {};
  std::optional<Expression> billing_group = {};
  Override attributes_override = Override::do_nothing;
  Override type_override = Override::do_nothing;
  Override groups_override = Override::do_nothing;
};

struct CertificateSpec {
  std::string logical_name;
  CertificateResource::Source source = CertificateResource::Source::certificate_id;
  Expression value = {};
  std::optional<Expression> ca_pem = {};
  std::optional<Expression> status = {};
  std::optional<Expression> principal_type = {};
  std::optional<Override> status_override = {};
};

struct PolicySpec {
  std::string logical_name;
  std::optional<Expression> name = {};  ///< Either this
  DocumentNode document = {};           ///< or this.
  std::string path;
};

/// The contents of a Template after checking.
struct Compiled {
  Use use = Use::fleet;
  Declared parameters;
  Mappings mappings;
  std::optional<ThingSpec> thing = {};
  std::optional<CertificateSpec> certificate = {};
  std::vector<PolicySpec> policies;
  DocumentNode::Members device_configuration;
  /// Texts of the template itself that are invalid for every device they apply to; see
  /// Template::literal_problems.
  std::vector<Problem> literal_problems = {};
};

/// Status and ThingPrincipalType as the template or a parameter spells them.
Result<bool> parse_status(std::string_view text);          ///< True for ACTIVE, in any case.
Result<bool> parse_principal_type(std::string_view text);  ///< True for EXCLUSIVE_THING.
Result<void> check_certificate_id(std::string_view text);

/// The JSON value of a node for one set of parameters.
Result<encoding::json::value> evaluate_document(const DocumentNode& node, Evaluator& evaluator,
                                                Evaluator::Flow flow);

/// Compiles a document and notes every problem; after an error the result must not be used.
Compiled compile(std::string_view text, Use use, Problems& problems);

}  // namespace imprint::templates
