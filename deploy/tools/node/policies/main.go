// Holds the pods of a node to the network policies: `policies KUBECONFIG SERVICE_ADDRESSES`.
// It is kube-router's firewall without its other parts; iptables and ipset are needed.
package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	ended := make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		close(ended)
	}()
	if err := run(os.Args[1], os.Args[2], ended); err != nil {
		klog.Exit(err)
	}
}

func run(kubeconfig, services string, ended chan struct{}) error {
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	told := options.NewKubeRouterConfig()
	told.EnableIPv4 = true
	told.ClusterIPCIDRs = []string{services}

	watched := informers.NewSharedInformerFactory(client, 0)
	pods := watched.Core().V1().Pods().Informer()
	policies := watched.Networking().V1().NetworkPolicies().Informer()
	namespaces := watched.Core().V1().Namespaces().Informer()
	watched.Start(ended)
	watched.WaitForCacheSync(ended)

	chains, sets, err := netpol.NewIPTablesHandlers(told)
	if err != nil {
		return err
	}
	var setsMutex sync.Mutex
	firewall, err := netpol.NewNetworkPolicyController(
		client, told, pods, policies, namespaces, &setsMutex, chains, sets)
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       firewall.PodEventHandler,
		policies:   firewall.NetworkPolicyEventHandler,
		namespaces: firewall.NamespaceEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	beats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range beats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	firewall.Run(beats, ended, &running)
	running.Wait()
	return nil
}
