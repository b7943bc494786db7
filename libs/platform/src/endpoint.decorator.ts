import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  HttpCode,
  SetMetadata,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
} from '@nestjs/swagger';
import { ERROR_CATALOGUE, type ErrorCode, KindlineError } from '@kindline/contracts';
import type { Request } from 'express';
import { z } from 'zod';
import { ACCESS_RULE, type AccessRule } from './access';
import { parse } from './validation';

export interface EndpointOptions {
  summary: string;
  access: AccessRule;
  params?: z.ZodObject;
  query?: z.ZodType;
  /** Headers of its own, in lower case. */
  headers?: z.ZodObject;
  body?: z.ZodType;
  /** The success answer; absent: no content. */
  response?: z.ZodType;
  /** Status of success; default 200, or 204 without a response. */
  status?: number;
  /** Another one, with the same answer. */
  alsoStatus?: number;
  /** Errors beyond those that follow from the rule and the inputs. */
  errors?: readonly ErrorCode[];
}

const SCHEMAS = Symbol('kindline:schemas');
type Schemas = Pick<EndpointOptions, 'params' | 'query' | 'headers' | 'body'>;

/** States once what a route is: its rule, inputs, answers and errors; guard, validation and OpenAPI follow. */
export function Endpoint(options: EndpointOptions): MethodDecorator {
  const { summary, access, params, query, headers, body, response, errors = [] } = options;
  const status = options.status ?? (response ? 200 : 204);
  const decorators = [
    SetMetadata(ACCESS_RULE, access),
    ApiOperation({ summary }),
    HttpCode(status),
    storeSchemas({
      ...(params && { params }),
      ...(query && { query }),
      ...(headers && { headers }),
      ...(body && { body }),
    }),
    ApiResponse({
      status,
      description: summary,
      ...(response && { schema: jsonSchema(response, 'output') }),
    }),
  ];
  if (options.alsoStatus !== undefined && response) {
    const schema = jsonSchema(response, 'output');
    decorators.push(ApiResponse({ status: options.alsoStatus, description: summary, schema }));
  }
  if (access !== 'public') decorators.push(ApiBearerAuth());
  if (body) {
    const required = !body.safeParse({}).success;
    decorators.push(ApiBody({ required, schema: jsonSchema(body, 'input') }));
  }
  for (const [name, schema] of Object.entries(params?.shape ?? {})) {
    decorators.push(ApiParam({ name, schema: jsonSchema(schema as z.ZodType, 'input') }));
  }
  for (const [name, schema] of Object.entries(query instanceof z.ZodObject ? query.shape : {})) {
    decorators.push(ApiQuery({ name, required: false, schema: jsonSchema(schema as z.ZodType, 'input') }));
  }
  for (const [name, schema] of Object.entries(headers?.shape ?? {})) {
    decorators.push(ApiHeader({ name, required: false, schema: jsonSchema(schema as z.ZodType, 'input') }));
  }
  decorators.push(...errorResponses([...impliedErrors(options), ...errors]));
  return applyDecorators(...(decorators as MethodDecorator[]));
}

/** The request's body, parsed by the route's schema. */
export const Input = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<Request>();
  // `is` answers null without a body and false for one of another type, which nothing has parsed. A length
  // of 0, which fetch sends, is no body.
  const sent = request.headers['content-length'] !== '0';
  if (request.body === undefined && sent && request.is('json') === false) {
    throw new KindlineError('unsupported_media_type', 'Send the body as application/json');
  }
  return parse(schemaOf(context, 'body'), request.body ?? {});
});

/** The request's query, parsed by the route's schema. */
export const QueryInput = createParamDecorator((_: unknown, context: ExecutionContext): unknown =>
  parse(schemaOf(context, 'query'), context.switchToHttp().getRequest<Request>().query),
);

/** The request's headers that the route's schema names, parsed by it. */
export const HeaderInput = createParamDecorator((_: unknown, context: ExecutionContext): unknown =>
  // Others are none of the route's business.
  parse(schemaOf(context, 'headers'), context.switchToHttp().getRequest<Request>().headers),
);

/** The path's parameters, parsed by the route's schema. */
export const PathInput = createParamDecorator((_: unknown, context: ExecutionContext): unknown =>
  parse(schemaOf(context, 'params'), context.switchToHttp().getRequest<Request>().params),
);

function storeSchemas(schemas: Schemas): MethodDecorator {
  return (_target, _key, descriptor) => {
    Reflect.defineMetadata(SCHEMAS, schemas, descriptor.value as object);
    return descriptor;
  };
}

function schemaOf(context: ExecutionContext, part: keyof Schemas): z.ZodType {
  const schemas = Reflect.getMetadata(SCHEMAS, context.getHandler()) as Schemas | undefined;
  const schema = schemas?.[part];
  if (!schema)
    throw new KindlineError('internal', `${context.getHandler().name} has no schema for its ${part}`);
  return schema;
}

/** A zod schema as OpenAPI 3.0 shows it. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io,
    unrepresentable: 'any',
  });
  return rest;
}

function impliedErrors({ access, params, query, headers, body }: EndpointOptions): ErrorCode[] {
  return [
    ...(access === 'public' ? [] : (['unauthenticated', 'forbidden', 'email_taken'] as const)),
    // On-Behalf-Of may name nobody.
    ...(access === 'public' || 'serviceOnly' in access ? [] : (['not_found'] as const)),
    ...(params || query || headers || body ? (['validation_failed'] as const) : []),
    ...(body ? (['too_large', 'unsupported_media_type'] as const) : []),
    'rate_limited',
    'internal',
    'unavailable',
  ];
}

const PROBLEM = jsonSchema(
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
  'output',
);

function errorResponses(codes: ErrorCode[]): MethodDecorator[] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERROR_CATALOGUE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].map(([status, own]) =>
    ApiResponse({
      status,
      description: own.map((code) => `${code}: ${ERROR_CATALOGUE[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: PROBLEM } },
    }),
  );
}
