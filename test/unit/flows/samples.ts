// Lines as Hubble writes them, one of each form: observe and exporter, older clients, requests, events that are no flows.
const client =
  '{"ID":1238,"identity":24009,"cluster_name":"default","namespace":"shop","labels":["k8s:app=web","k8s:io.cilium.k8s.namespace.labels.team=pay","k8s:io.cilium.k8s.policy.cluster=default","k8s:io.cilium.k8s.policy.serviceaccount=default","k8s:io.kubernetes.pod.namespace=shop"],"pod_name":"web-6d4b75cb6d-x2x1z","workloads":[{"name":"web","kind":"Deployment"}]}';
const server =
  '{"ID":700,"identity":31002,"cluster_name":"default","namespace":"shop","labels":["k8s:app=cart","k8s:io.cilium.k8s.policy.cluster=default","k8s:io.kubernetes.pod.namespace=shop"],"pod_name":"cart-0","workloads":[{"name":"cart","kind":"StatefulSet"}]}';
const world = '{"identity":9,"labels":["reserved:world-ipv4"]}';
const addresses = '"IP":{"source":"10.244.1.60","destination":"10.244.1.5","ipVersion":"IPv4"}';
const node = '"node_name":"kind-kind/kind-worker"';
const tcp = '"l4":{"TCP":{"source_port":44916,"destination_port":8080,"flags":{"SYN":true}}}';
const time = '"time":"2023-08-21T12:12:18.510175415Z"';
const around = (flow: string): string => `{"flow":{${flow}},${node},${time}}`;

export const samples: Readonly<Record<string, string>> = {
  masked: around(
    `${time},"verdict":"DROPPED",${addresses},${tcp},"source":{"namespace":"default","pod_name":"xwing"},"destination":{"namespace":"default","pod_name":"deathstar-7848d6c4d5-th9v2"},${node},"drop_reason_desc":"POLICY_DENIED"`,
  ),
  toWorld: around(
    `${time},"uuid":"5f1b6c1e-7b1d-4c1e-8f5e-aab06acb56fe","verdict":"DROPPED","drop_reason":133,"ethernet":{"source":"22:da:eb:b3:0e:cd","destination":"5a:d1:6b:58:d5:0b"},"IP":{"source":"10.244.1.60","destination":"1.1.1.1","ipVersion":"IPv4"},${tcp},"source":${client},"destination":${world},"Type":"L3_L4",${node},"event_type":{"type":5},"traffic_direction":"EGRESS","drop_reason_desc":"POLICY_DENIED","destination_names":["one.one.one.one"],"is_reply":false,"Summary":"TCP Flags: SYN"`,
  ),
  forwarded: around(
    `${time},"verdict":"FORWARDED",${addresses},${tcp},"source":${client},"destination":${server},"Type":"L3_L4",${node},"node_labels":["kubernetes.io/os=linux"],"event_type":{"type":4},"traffic_direction":"INGRESS","trace_observation_point":"TO_ENDPOINT","trace_reason":"NEW","is_reply":false,"interface":{"index":12,"name":"lxc1"},"Summary":"TCP Flags: SYN"`,
  ),
  legacy: `{${time},"verdict":"DROPPED","IP":{"source":"1.1.1.1","destination":"2.2.2.2"},"l4":{"TCP":{"source_port":31793,"destination_port":8080}},"source":{"identity":4},"destination":{"identity":12345},"Type":"L3_L4","node_name":"k8s1","event_type":{"type":1,"sub_type":133},"is_reply":false,"Summary":"TCP Flags: SYN"}`,
  http: around(
    `${time},"verdict":"FORWARDED",${addresses},${tcp},"source":${client},"destination":${server},"Type":"L7",${node},"l7":{"type":"REQUEST","http":{"method":"GET","url":"http://cart.shop:8080/cart/42?full=1","protocol":"HTTP/1.1","headers":[{"key":"User-Agent","value":"curl/8"}]}},"event_type":{"type":129},"traffic_direction":"INGRESS","is_reply":false,"Summary":"HTTP/1.1 GET http://cart.shop:8080/cart/42?full=1"`,
  ),
  answer: around(
    `${time},"verdict":"FORWARDED",${addresses},${tcp},"source":${server},"destination":${client},"Type":"L7",${node},"l7":{"type":"RESPONSE","latency_ns":"1200000","http":{"code":200,"method":"GET","url":"http://cart.shop/","protocol":"HTTP/1.1"}},"event_type":{"type":129},"traffic_direction":"INGRESS","is_reply":true,"Summary":"HTTP/1.1 200"`,
  ),
  dns: around(
    `${time},"verdict":"FORWARDED",${addresses},"l4":{"UDP":{"source_port":39012,"destination_port":53}},"source":${client},"destination":${server},"Type":"L7",${node},"l7":{"type":"REQUEST","dns":{"query":"api.stripe.com.","observation_source":"proxy","qtypes":["A"]}},"event_type":{"type":129},"traffic_direction":"EGRESS","is_reply":false,"Summary":"DNS Query api.stripe.com. A"`,
  ),
  kafka: around(
    `${time},"verdict":"DROPPED",${addresses},${tcp},"source":${client},"destination":${server},"Type":"L7",${node},"l7":{"type":"REQUEST","kafka":{"api_version":5,"api_key":"produce","correlation_id":1,"topic":"orders"}},"event_type":{"type":129},"traffic_direction":"INGRESS","is_reply":false,"Summary":"Kafka request"`,
  ),
  icmp: around(
    `${time},"verdict":"FORWARDED",${addresses},"l4":{"ICMPv4":{"type":8}},"source":${client},"destination":${server},"Type":"L3_L4",${node},"event_type":{"type":4},"traffic_direction":"INGRESS","is_reply":false,"Summary":"ICMPv4 EchoRequest"`,
  ),
  vrrp: around(
    `${time},"verdict":"FORWARDED",${addresses},"l4":{"VRRP":{"type":1}},"source":${client},"destination":${server},"Type":"L3_L4"`,
  ),
  aggregated: around(
    `${time},"verdict":"FORWARDED",${addresses},${tcp},"source":${client},"destination":${server},"Type":"L3_L4","event_type":{"type":4},"is_reply":false,"aggregate":{"ingress_flow_count":7,"egress_flow_count":"4"}`,
  ),
  lost: `{"lost_events":{"source":"PERF_EVENT_RING_BUFFER","num_events_lost":"42"},${node},${time}}`,
  status: `{"node_status":{"state_change":"NODE_CONNECTED","node_names":["a"]},${node},${time}}`,
  agent: `{"agent_event":{"type":"AGENT_STARTED"},${node},${time}}`,
  process: `{"process":{${time},"verdict":"DROPPED","source":${client},"process":{"pid":7,"uid":1000,"binary":"/bin/sh"},"Summary":"exec /bin/sh"},${node},${time}}`,
  blanks: `{ "flow" : { "verdict" : "FORWARDED" , ${addresses} , ${tcp} , "source" : ${client} , "destination" : ${server} } , ${time} }`,
};
