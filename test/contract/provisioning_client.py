# SPDX-License-Identifier: Apache-2.0
"""A device that speaks the fleet provisioning API with paho-mqtt, unmodified."""
import json
import queue
import ssl
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import secrets_search

DEADLINE = 30


class Refused(Exception):
    """CONNACK reported a failure, or there was no CONNACK."""

    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class Device:
    """One connection. `certificate` and `key` are files; `ca` is the root."""

    def __init__(self, port, certificate, key, ca, client_id, protocol=paho.MQTTv311, will=None, clean=True, tls=None, source=""):
        options = {} if protocol == paho.MQTTv5 else {"clean_session": clean}
        self.client = paho.Client(client_id=client_id, protocol=protocol, **options)
        self.protocol = protocol
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(str(certificate), str(key))
        if tls:
            context.minimum_version = context.maximum_version = tls
        self.client.tls_set_context(context)
        if will:
            self.client.will_set(*will)
        self.messages = queue.Queue()
        self.connected = queue.Queue()
        self.gone = threading.Event()
        self.disconnect_reason = None
        self.subscribed, self.published = queue.Queue(), queue.Queue()
        self.client.on_message = self._on_message
        self.client.on_connect = lambda c, u, flags, code, properties=None: self.connected.put((code, flags, properties))
        self.client.on_disconnect = self._on_disconnect
        self.client.on_subscribe = lambda c, u, mid, codes, properties=None: self.subscribed.put((codes, properties))
        self.client.on_publish = lambda c, u, mid: self.published.put(mid)
        self.port, self.source = port, source

    def _on_message(self, client, userdata, message):
        payload = bytes(message.payload)
        if b"certificateOwnershipToken" in payload:
            secrets_search.harvest(payload.decode(errors="replace"), f"an answer on {message.topic}")
        self.messages.put((message.topic, payload))

    def _on_disconnect(self, client, userdata, code, properties=None):
        self.disconnect_reason = (code, getattr(properties, "ReasonString", None))
        self.gone.set()
        self.connected.put((code, None, properties))

    def connect(self, session_expiry=None):
        properties = None
        if session_expiry is not None:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = session_expiry
        try:
            self.client.connect("127.0.0.1", self.port, keepalive=60, bind_address=self.source, **({"properties": properties} if properties else {}))
        except (ssl.SSLError, OSError) as error:
            raise Refused(None, str(error)) from error
        self.client.loop_start()
        code, flags, self.connack = self.connected.get(timeout=DEADLINE)
        value = getattr(code, "value", code)
        if flags is None or value != 0:
            self.close()
            raise Refused(value, getattr(self.connack, "ReasonString", None))
        self.flags = flags
        return self

    def subscribe(self, *topics, qos=1):
        self.client.subscribe([(topic, qos) for topic in topics] if self.protocol != paho.MQTTv5 else
                              [(topic, paho.SubscribeOptions(qos=qos)) for topic in topics])
        codes, _ = self._wait(self.subscribed)
        return [getattr(code, "value", code) for code in codes]

    def publish(self, topic, payload, qos=1, retain=False):
        self.client.publish(topic, payload, qos=qos, retain=retain)

    def receive(self, timeout=DEADLINE):
        return self._wait(self.messages, timeout)

    def _wait(self, answers, timeout=DEADLINE):
        """The next answer; queue.Empty if none arrives in time or the connection is closed."""
        ends = time.monotonic() + timeout
        while True:
            try:
                return answers.get(timeout=0.1)
            except queue.Empty:
                if self.gone.is_set() or time.monotonic() > ends:
                    return answers.get_nowait()

    def request(self, topic, payload):
        """Publishes a request and returns (accepted?, payload as JSON)."""
        self.subscribe(topic + "/accepted", topic + "/rejected")
        self.publish(topic, payload if isinstance(payload, (str, bytes)) else json.dumps(payload))
        answer_topic, answer = self.receive()
        return answer_topic.endswith("/accepted"), json.loads(answer)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
