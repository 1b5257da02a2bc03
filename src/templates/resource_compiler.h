// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "templates/compiled.h"

namespace imprint::templates {

/// Compiles the Resources section into a Compiled whose parameters and mappings are already known.
class ResourceCompiler {
 public:
  ResourceCompiler(Compiled& out, Problems& problems, ExpressionCompiler& expressions)
      : out_(out), problems_(problems), expressions_(expressions) {}

  void compile(const encoding::json::value& resources, const std::string& path);
  DocumentNode document(const encoding::json::value& value, const std::string& path);

 private:
  using Object = encoding::json::object;
  using Check = Result<void> (*)(std::string_view);

  void resource(std::string_view logical_name, const encoding::json::value& value,
                const std::string& path);
  void thing(ThingSpec spec, const Object& properties, const Object* overrides,
             const std::string& path);
  void thing_property(ThingSpec& spec, std::string_view name, const encoding::json::value& value,
                      const std::string& path);
  void attributes(ThingSpec& spec, const encoding::json::value& value, const std::string& path);
  void groups(ThingSpec& spec, const encoding::json::value& value, const std::string& path);
  void check_group_list(const Expression& groups, const std::string& path);
  void certificate(CertificateSpec spec, const Object& properties, const Object* overrides,
                   const std::string& path);
  void certificate_source(CertificateSpec& spec, const Object& properties, const std::string& path);
  void policy(PolicySpec spec, const Object& properties, const Object* overrides,
              const std::string& path);
  void policy_document(PolicySpec& spec, const encoding::json::value& value,
                       const std::string& path);
  std::optional<Override> override_value(const encoding::json::value& value, bool may_merge,
                                         const std::string& path);
  /// Compiles a text; if it depends on no parameter, checks the result now.
  Expression checked_text(const encoding::json::value& value, const std::string& path, Check check);
  /// Checks the template's own texts that surround or replace parameters.
  void check_literals(const Expression& expression, const std::string& path, Check check);

  Compiled& out_;
  Problems& problems_;
  ExpressionCompiler& expressions_;
};

}  // namespace imprint::templates
