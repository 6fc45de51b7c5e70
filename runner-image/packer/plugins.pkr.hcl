# Apart from the template: Packer before 1.7 refuses this block, and has the plugin built in.
packer {
  required_plugins {
    azure = {
      source  = "github.com/hashicorp/azure"
      # 2.6.1 gives the assertion's address to its library under the right names (GH-608).
      version = "~> 2.6, >= 2.6.1"
    }
  }
}
