// Kafka API keys (https://kafka.apache.org/39/protocol.html#protocol_api_keys, version 3.9), in lower case with `-` between their words.

/** Place = number. */
export const apiKeys: readonly string[] = [
  ...['produce', 'fetch', 'list-offsets', 'metadata', 'leader-and-isr', 'stop-replica', 'update-metadata', 'controlled-shutdown'],
  ...['offset-commit', 'offset-fetch', 'find-coordinator', 'join-group', 'heartbeat', 'leave-group', 'sync-group', 'describe-groups'],
  ...['list-groups', 'sasl-handshake', 'api-versions', 'create-topics', 'delete-topics', 'delete-records', 'init-producer-id'],
  ...['offset-for-leader-epoch', 'add-partitions-to-txn', 'add-offsets-to-txn', 'end-txn', 'write-txn-markers', 'txn-offset-commit'],
  ...['describe-acls', 'create-acls', 'delete-acls', 'describe-configs', 'alter-configs', 'alter-replica-log-dirs', 'describe-log-dirs'],
  ...['sasl-authenticate', 'create-partitions', 'create-delegation-token', 'renew-delegation-token', 'expire-delegation-token'],
  ...['describe-delegation-token', 'delete-groups', 'elect-leaders', 'incremental-alter-configs', 'alter-partition-reassignments'],
  ...['list-partition-reassignments', 'offset-delete', 'describe-client-quotas', 'alter-client-quotas', 'describe-user-scram-credentials'],
  ...['alter-user-scram-credentials', 'vote', 'begin-quorum-epoch', 'end-quorum-epoch', 'describe-quorum', 'alter-partition'],
  ...['update-features', 'envelope', 'fetch-snapshot', 'describe-cluster', 'describe-producers', 'broker-registration'],
  ...['broker-heartbeat', 'unregister-broker', 'describe-transactions', 'list-transactions', 'allocate-producer-ids'],
  ...['consumer-group-heartbeat', 'consumer-group-describe', 'controller-registration', 'get-telemetry-subscriptions', 'push-telemetry'],
  ...['assign-replicas-to-dirs', 'list-client-metrics-resources', 'describe-topic-partitions', 'share-group-heartbeat'],
  ...['share-group-describe', 'share-fetch', 'share-acknowledge', 'add-raft-voter', 'remove-raft-voter', 'update-raft-voter'],
];
