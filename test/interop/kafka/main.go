// A Kafka broker in one process (kfake, with its log on disk), and, beside it, an independent consumer (franz-go) that prints every record as a line of JSON.
//
//	kafka --port 9092 --folder d --topics otlp_spans:3 [--sasl SCRAM-SHA-512:user:password] [--cert c --key k] [--max-bytes n] [--create]
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

type options struct {
	port, maxBytes                int
	folder, topics, login         string
	cert, key                     string
	creates                       bool
	mechanism, username, password string
}

type record struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       *string           `json:"key"`
	Value     string            `json:"value"`
	Headers   map[string]string `json:"headers"`
}

func main() {
	var o options
	flag.IntVar(&o.port, "port", 0, "port of the broker")
	flag.StringVar(&o.folder, "folder", "", "folder of its log")
	flag.StringVar(&o.topics, "topics", "", "name:partitions, with commas between")
	flag.StringVar(&o.login, "sasl", "", "mechanism:user:password")
	flag.StringVar(&o.cert, "cert", "", "certificate of the broker, which turns TLS on")
	flag.StringVar(&o.key, "key", "", "its key")
	flag.IntVar(&o.maxBytes, "max-bytes", 0, "message.max.bytes")
	flag.BoolVar(&o.creates, "create", false, "topics are made when they are asked for")
	flag.Parse()
	if o.login != "" {
		parts := strings.SplitN(o.login, ":", 3)
		o.mechanism, o.username, o.password = parts[0], parts[1], parts[2]
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o options) error {
	settings := []kfake.Opt{kfake.NumBrokers(1), kfake.Ports(o.port), kfake.DefaultNumPartitions(3)}
	if o.folder != "" {
		settings = append(settings, kfake.DataDir(o.folder), kfake.SyncWrites())
	}
	if o.maxBytes > 0 {
		settings = append(settings, kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(o.maxBytes)}))
	}
	if o.creates {
		settings = append(settings, kfake.AllowAutoTopicCreation())
	}
	if o.mechanism != "" {
		settings = append(settings, kfake.EnableSASL(), kfake.Superuser(o.mechanism, o.username, o.password))
	}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return err
		}
		settings = append(settings, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
	}
	for _, topic := range strings.Split(o.topics, ",") {
		name, partitions, found := strings.Cut(topic, ":")
		if !found {
			continue
		}
		n, err := strconv.Atoi(partitions)
		if err != nil {
			return err
		}
		settings = append(settings, kfake.SeedTopics(int32(n), name))
	}
	cluster, err := kfake.NewCluster(settings...)
	if err != nil {
		return err
	}
	faults := newFaults(cluster)
	out := &lines{writer: bufio.NewWriter(os.Stdout)}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	client, err := kgo.NewClient(consumerOptions(o, cluster.ListenAddrs())...)
	if err != nil {
		return err
	}
	out.write(map[string]any{"listening": cluster.ListenAddrs()[0]})
	go faults.readCommands()
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { out.write(recordOf(r)) })
	}
	client.Close()
	cluster.Close()
	return nil
}

func consumerOptions(o options, brokers []string) []kgo.Opt {
	settings := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.ConsumeRegex(),
		kgo.ConsumeTopics("^[^_].*"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMinAge(100e6),
		kgo.MetadataMaxAge(500e6),
		kgo.FetchMaxWait(100e6),
	}
	if o.cert != "" {
		settings = append(settings, kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, network, address)
		}))
	}
	if o.mechanism != "" {
		settings = append(settings, kgo.SASL(mechanismOf(o)))
	}
	return settings
}

func mechanismOf(o options) sasl.Mechanism {
	login := scram.Auth{User: o.username, Pass: o.password}
	switch o.mechanism {
	case "SCRAM-SHA-256":
		return login.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return login.AsSha512Mechanism()
	default:
		return plain.Auth{User: o.username, Pass: o.password}.AsMechanism()
	}
}

func recordOf(r *kgo.Record) record {
	headers := map[string]string{}
	for _, header := range r.Headers {
		headers[header.Key] = string(header.Value)
	}
	var key *string
	if r.Key != nil {
		text := string(r.Key)
		key = &text
	}
	return record{r.Topic, r.Partition, r.Offset, key, base64.StdEncoding.EncodeToString(r.Value), headers}
}

type lines struct {
	mutex  sync.Mutex
	writer *bufio.Writer
}

func (l *lines) write(value any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	_, _ = l.writer.Write(append(text, '\n'))
	_ = l.writer.Flush()
}

// faults answer the next requests to produce with errors of Kafka. A line on standard input is `code` or `code keep`; 0 ends it.
type faults struct {
	mutex sync.Mutex
	code  int16
	keeps bool
}

func newFaults(cluster *kfake.Cluster) *faults {
	f := &faults{}
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		f.mutex.Lock()
		defer f.mutex.Unlock()
		if f.code == 0 {
			return nil, nil, false
		}
		code := f.code
		if !f.keeps {
			f.code = 0
		}
		produce := request.(*kmsg.ProduceRequest)
		response := produce.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range produce.Topics {
			answer := kmsg.NewProduceResponseTopic()
			answer.Topic = topic.Topic
			answer.TopicID = topic.TopicID
			for _, partition := range topic.Partitions {
				one := kmsg.NewProduceResponseTopicPartition()
				one.Partition = partition.Partition
				one.ErrorCode = code
				answer.Partitions = append(answer.Partitions, one)
			}
			response.Topics = append(response.Topics, answer)
		}
		return response, nil, true
	})
	return f
}

func (f *faults) readCommands() {
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		number, rest, _ := strings.Cut(scanner.Text(), " ")
		code, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		f.mutex.Lock()
		f.code, f.keeps = int16(code), rest == "keep"
		f.mutex.Unlock()
	}
}
