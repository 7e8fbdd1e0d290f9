from books import views

urlpatterns = views.paths()
