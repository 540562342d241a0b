package org.openapitools.jackson.nullable;

import com.fasterxml.jackson.databind.module.SimpleModule;

/**
 * Stands in for the library jackson-databind-nullable, which neither Debian nor the
 * generator's jar has; with Maven or Gradle the real one comes by itself. The
 * generated client registers the module whether or not it is needed. It would be
 * needed by a property that may be null and may be absent, and the contract has
 * none: then the client names JsonNullable, and does not compile with this.
 */
public class JsonNullableModule extends SimpleModule {}
