"""Real brokers that tests start: RabbitMQ, NATS JetStream, Redis, and the Kafka inside confluent-kafka."""
