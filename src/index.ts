/** Everything a script needs, by its public name. Nothing inside imports this. */
export {
  type AliasName,
  type AliasOptions,
  type AliasTls,
  type AliasType,
  DB_MONGODB,
  DB_PGSQL,
  DB_REDIS,
  DB_SQLITE3,
  PROTO_HTTP,
  PROTO_HTTPS,
  PROTO_WS,
  PROTO_WSS,
} from "./config/alias-options.ts";
export type { Flag } from "./config/flags.ts";
export type { AuthHandler, Claims, GatewayOptions } from "./config/gateway-options.ts";
export type {
  GrpcCall,
  GrpcHandler,
  GrpcMetadata,
  GrpcMetadataInit,
  GrpcOptions,
  GrpcServices,
} from "./config/grpc-options.ts";
export type {
  AppModule,
  ErrorHandler,
  Extension,
  FetchApp,
  FetchHandler,
  Hooks,
  MountOptions,
  MountTarget,
  NodeHandler,
  Preference,
  PreferenceOptions,
} from "./config/mount-types.ts";
export type { CacheOptions } from "./config/cache-options.ts";
export type { ClusterOptions } from "./config/cluster-options.ts";
export { abspath, getswd } from "./config/paths.ts";
export type { ProxyCheck, ProxyKeepAlive, ProxyOptions, ProxyPorts } from "./config/proxy-options.ts";
export type { Duration, RunOptions, Size } from "./config/settings.ts";
export type { Certificate, ClientCertificates } from "./config/tls-options.ts";
export { Context } from "./context.ts";
export { codes, type ErrorCode, SkitaiError } from "./errors.ts";
export { was } from "./was.ts";

export * from "./script/aliases.ts";
export * from "./script/cluster.ts";
export * from "./script/edge.ts";
export * from "./script/grpc.ts";
export * from "./script/logs.ts";
export * from "./script/mail.ts";
export * from "./script/mounts.ts";
export * from "./script/options.ts";
export * from "./script/run.ts";
export * from "./script/schedules.ts";
export * from "./script/state.ts";
export * from "./script/tls.ts";

export type { Hold } from "./state/lock.ts";
export { RpcFault } from "./codec/rpc-fault.ts";
export { SqlError } from "./corequest/backends/sql-error.ts";
export { CorequestError } from "./corequest/errors.ts";
export { HttpError } from "./corequest/http-result.ts";
export { Q } from "./corequest/query/condition.ts";
export { sql } from "./corequest/query/raw.ts";
export { Result } from "./corequest/result.ts";
export { STA_NETERR, STA_NORMAL, STA_REQFAIL, STA_TIMEOUT, STA_UNSENT } from "./corequest/status.ts";
export { Task } from "./corequest/task.ts";
export { Tasks } from "./corequest/tasks.ts";
export type { Row, Rows } from "./corequest/backends/sql-driver.ts";
export type { Database, DatabaseMap, SqlAlias } from "./corequest/database.ts";
export type { GrpcCallOptions, GrpcStream, GrpcStub, GrpcStubOptions } from "./corequest/grpc-stub.ts";
export type { Documents } from "./corequest/mongo-collection.ts";
export type { MongoDatabase, OneMongoDatabase } from "./corequest/mongodb.ts";
export type { OneRedis, RedisHandle } from "./corequest/redis.ts";
export type { SocketEnd, SocketStream } from "./corequest/socket-stream.ts";
export type { DatabaseOptions } from "./corequest/sql-options.ts";
export type { Savepoint, Transaction } from "./corequest/transaction.ts";
export type { TransactionOptions } from "./corequest/transaction-begin.ts";
export type { SocketCallOptions, SocketMessage } from "./corequest/websocket-client.ts";
export type { TokenOptions } from "./gateway/issue.ts";
export { type GrpcCode, GrpcError } from "./grpc/error.ts";
export type { DkimOptions } from "./mail/dkim.ts";
export type { AttachmentOptions, Email } from "./mail/email.ts";
export type { SmtpOptions } from "./mail/smtp-server.ts";
export { type Job, job } from "./jobs/job.ts";
export { SubprocessError } from "./jobs/subprocess-error.ts";
export { jsonrpc, type JsonRpcOptions } from "./rpc/jsonrpc-server.ts";
export type { Methods } from "./rpc/methods.ts";
export { xmlrpc, type XmlRpcOptions } from "./rpc/xmlrpc-server.ts";
export type { SocketClient } from "./websocket/client.ts";
export type { QuerySchema, SocketOptions } from "./websocket/options.ts";
export type { Session } from "./websocket/session.ts";
export * from "./websocket/specs.ts";
export {
  type MessageHandler,
  type SessionHandler,
  type SocketEndpoint,
  websocket,
} from "./websocket/websocket.ts";
