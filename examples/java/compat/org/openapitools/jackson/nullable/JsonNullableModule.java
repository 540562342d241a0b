package org.openapitools.jackson.nullable;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.ContextualDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanPropertyWriter;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import java.io.IOException;
import java.util.List;

/**
 * Stands in for the library jackson-databind-nullable, which neither Debian nor the
 * generator's jar has; with Maven or Gradle the real one comes by itself. It does what
 * the generated client asks of that one: an absent property is not written, a null one
 * is, and both are told apart when they are read.
 */
public class JsonNullableModule extends SimpleModule {
  public JsonNullableModule() {
    super("JsonNullableModule");
    addDeserializer(JsonNullable.class, new Reader(null));
    setSerializerModifier(new Modifier());
  }

  private static final class Modifier extends BeanSerializerModifier {
    @Override
    public List<BeanPropertyWriter> changeProperties(SerializationConfig config, BeanDescription bean, List<BeanPropertyWriter> writers) {
      writers.replaceAll(w -> w.getType().hasRawClass(JsonNullable.class) ? new Writer(w) : w);
      return writers;
    }
  }

  private static final class Writer extends BeanPropertyWriter {
    Writer(BeanPropertyWriter base) {
      super(base);
    }

    @Override
    public void serializeAsField(Object bean, JsonGenerator out, SerializerProvider provider) throws Exception {
      JsonNullable<?> value = (JsonNullable<?>) get(bean);
      if (value != null && value.isPresent()) {
        out.writeFieldName(getName());
        provider.defaultSerializeValue(value.get(), out);
      }
    }
  }

  @SuppressWarnings("rawtypes")
  private static final class Reader extends JsonDeserializer<JsonNullable> implements ContextualDeserializer {
    private final JavaType of;

    Reader(JavaType of) {
      this.of = of;
    }

    @Override
    public JsonDeserializer<?> createContextual(DeserializationContext context, BeanProperty property) {
      return new Reader(context.getContextualType().containedTypeOrUnknown(0));
    }

    @Override
    public JsonNullable deserialize(JsonParser in, DeserializationContext context) throws IOException {
      return JsonNullable.of(context.readValue(in, of));
    }

    @Override
    public JsonNullable getNullValue(DeserializationContext context) {
      return JsonNullable.of(null);
    }
  }
}
